"""Data sets: read, check, split, decode once, sample; the built-in sample set."""
