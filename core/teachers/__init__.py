"""Where a student's teachers come from: their outputs for every image, stored or computed as they are needed.

Others may use `stored_logits`.
"""
