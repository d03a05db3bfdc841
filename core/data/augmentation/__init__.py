"""Augmentation: the further views of an image that a training shows, drawn as pure functions of numbers.

Others may use

- `augmentation`: what an augmentation is, and how many flips and turns there are; `ViewRule`, one with its settings:
  what view v of image i looks like
- `entries`: those that there are, in a registry
- `mixtures`: two images in one, in a registry
- `draws`: which views an epoch shows
- `turns`: the eight flips and turns

A recipe imports all of it: torch is imported in the functions that need it.
"""
