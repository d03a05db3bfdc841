"""Finished results for people: words, tables, figures (never pyplot). Reports, model cards and the
facts of a run in words are rooms of their own.

Others may use

- `privacy`: names of folders in place of where they lie, for what goes to others
- `words`, `parts`, `short_text`: runs and scores, and the parts of a split, in words, the same everywhere; long names
- `table`, `cells`: a table of results, built once, with its views (CSV, JSON, Markdown, LaTeX), and its kinds of cells
- `tables` (of `scored_runs`), `comparison_tables`, `study_tables`, `recipe_tables`, `run_columns`: all result tables
- `measured_tables`, `checklists`: what was measured beyond scores, and the checklists of journals as a run fills them
- `cross_validation_tables`: candidates by their validation scores, and what the test part was used for
- `paper_tables` (all tables of a study), `curriculum_tables`, `loss_tables`, `inherited_tables`: the paper's tables 1
  to 3, and what it argues about: classes under a curriculum, the parts of the loss, the teacher's errors in students
- `family_tables`, `baseline`: several runs against one, and which one that is; `planning_table`: what a test can show,
  before training; `drift_table`; `local_calibration_table`: before and after a calibration on one's own images
- `figures`: all figures; importing it imports matplotlib. Each has its file: `bar_figures`, `class_figures`,
  `comparison_figures`, `confusion_figures`, `curve_figures`, `first_epoch_figures`, `flow_figures`,
  `operating_figures`, `robustness_figures`, `decision_figures` (and `decision_tables`), `study_figures`
- `style`, `picking`, `saving`: how figures look, what was clicked, files of them
- `lesions_table`, `lesion_pages`: the lesions of patients as a table, and as pages of such a report
- `review_words`: how a model does against its reader
- `classification_report`, `debug_report`: what was said of images, to print; this computer, for who mends a fault
"""
