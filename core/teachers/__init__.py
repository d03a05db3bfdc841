"""Where a student's teachers come from: their outputs for every image, stored or computed as they are needed.

Others may use

- `sources`: a teacher as a training asks it, for the view of each image that the student sees
- `stored_outputs`: its outputs for all images and views, computed once and kept on the disk
- `given_outputs`: a teacher that is a file of what it said of the images, read and checked
- `feature_head`, `stored_features`: a linear head fitted to features; those of a network that is probed
- `tables`: the digest by which a teacher, and what is kept of it, are known
"""
