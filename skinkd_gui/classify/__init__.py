"""The Classify tab: drop images, see what a model makes of them."""
