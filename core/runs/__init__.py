"""Run folders: write, read, list, carry out, resume.

Others may use

- `planning`, `preparing`, `execute`: from a recipe to the runs it takes, the images of one, and the whole of it
- `following`, `several`: a run that several processes make together; which they are, and how they are started
- `amending`, `recorded`: change a run, its name too, before it goes on; the recipes it was trained under
- `folder`, `status`, `listing`, `tables`: a run's folder, its state, all runs, its tables; none imports torch
- `first_epoch`: which classes the batches of the first epoch held
- `evidence`, `teachers`: what runs show for themselves and beside one another, the teacher of one
- `annotations`, `archive`: tags and notes, zip files
- `pictures`, `neighbours`: where a run's images are, which were its own; similar cases among them
- `corrections`: those a run used, labels that runs make doubtful, scores before and after
- `assess`, `environment`: verdicts for older runs; with what a run was computed
- `evaluating`, `external`, `robustness`, `skin_angles`: a model on other images and on harmed ones, and what is kept
- `local`: a run's model calibrated on images of one's own clinic
- `statement`: what only its authors know of a run: origin of images and labels, intended use
"""
