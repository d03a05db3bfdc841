"""What a student learns from its teachers: outputs in, a loss out. Knows neither recipes nor data.

Others may use

- `methods`: the distillation losses, one file each, in a registry; `method` says what one is made of
- `objective`: what a training step minimises, alpha * L_KD + (1 - alpha) * L_CLS
- `classification`: the losses for the labels, in a registry
- `weightings`: how much each of several teachers counts for an image, in a registry
- `outputs`, `softmax`, `projection`: what a network says of a batch, and what losses of logits and of features share
- `curricula`: which of the drawn images an epoch shows, and in which order, in registries
"""
