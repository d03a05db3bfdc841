"""Classify images with one model file."""
