"""Figures from finished results; never pyplot."""
