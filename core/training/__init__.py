"""The one training loop and what it needs: a recipe, networks and arrays of images in, a trained network out.

Others may use

- `loop`, `batches`, `checkpoint`: the training, the data it takes, its state on disk
- `finishing`, `divergence`: what becomes of the best weights, and a training whose loss is no number
- `hardware`, `engine`, `optimisation`: what it computes on, and with which other processes; optimizers and schedules
- `compiling`: whether the steps of a run are compiled, as its folder records it
- `probing`: what a training of the last layer alone learns from
- `legs`, `going_on`: under which recipes a training was done, and whether it may go on under another
- `energy`: what the computer counts of it; `draw_coverage`: which share of the training images is shown
- `cost`: what a run will take, timed on this computer
"""
