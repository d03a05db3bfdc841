"""Scores and what they are computed from: arrays of labels and logits in, frozen results out. Knows no torch.

Others may use

- `scores`, `metrics`, `detailed`: accuracy, F1 and their kin; those that need more than the predicted class
- `intervals`, `resampling`, `comparison`: bootstrap intervals, paired differences, McNemar's test
- `inherited`: whether a student makes its teacher's errors
- `proportions`: how many of how many images, with its interval over groups
- `families`: several comparisons with one baseline at once; `precision`: the images and seeds that a difference needs
- `calibration`, `prediction_sets`: temperature and reliability; conformal prediction sets
- `class_groups`, `decisions`, `decision_levels`, `selective`, `exact_bounds`: malignant, benign or unclear, a diagnosis
  given or not, and what test lesions say of both
- `promises`: on which images they rest, in the one wording of every view
- `confident_learning`: labels that are likely wrong
- `roc`, `operating_point`, `subgroups`: thresholds, and scores by age, sex and site
"""
