"""Run folders: write, read, list, carry out, resume."""
