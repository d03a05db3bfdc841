"""The Train tab: queue, live view, wizard."""
