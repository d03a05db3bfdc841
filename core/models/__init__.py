"""Networks: find, create, load, save, and the one forward pass without learning.

Others may use

- `catalog`, `factory`: which networks there are, and making one
- `files`, `info`, `reference`: model files, and what they say and keep of themselves; `info` imports no torch
- `forward`, `outputs`, `preprocessing`, `folding`: images in, logits and features out
"""
