"""Networks: find, create, load, save, and the one forward pass without learning.

Others may use

- `catalog`, `factory`, `rates`: which networks there are, and making one; what training leaves out at random
- `files`, `info`, `calibration_statistics`: model files, and what they say and keep of themselves; `info` imports no
  torch
- `freezing`, `weights`: which layers learn, and how fast; weights that a network starts from
- `importing`, `provenance`: weights of elsewhere made into a file to start from; where weights are from
- `forward`, `outputs`, `preprocessing`, `batchnorm_fusion`: images in, logits and features out
- `transfer`, `device_memory`: to a device without waiting for it; what it says when its memory does not suffice
"""
