"""Grids of runs over one teacher and one split, and the paper's study among them."""
