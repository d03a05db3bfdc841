"""What the window remembers."""
