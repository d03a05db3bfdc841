"""Everything once, small, on generated images: what the demo trains, and the self-test. Nothing here is science.

Others may use

- `plan`: the runs of the demo, and the report of what they reached
- `demonstration`: the model that comes along and knows drawn pictures only, its pictures, and how both are made
- `sample_set`: generated dermoscopy-like images in ISIC 2019 layout, marked as synthetic
- `self_test`: the main job in a folder of its own, step by step
"""
