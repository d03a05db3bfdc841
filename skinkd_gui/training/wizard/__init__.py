"""The wizard that makes a recipe."""
