"""Finished results for people: words, tables, figures (never pyplot). Reports are a room of their own.

Others may use

- `words`, `parts`, `short_text`: runs and scores, and the parts of a split, in words, the same everywhere; long names
- `table`, `cells`: a table of results, built once, with its views (CSV, JSON, Markdown, LaTeX), and its kinds of cells
- `tables` (of `scored_runs`), `comparison_tables`, `study_tables`, `recipe_tables`, `run_columns`: all result tables
- `family_tables`, `baseline`: several runs against one, and which one that is; `drift_table`
- `figures`: all figures; importing it imports matplotlib. Each has its file: `bar_figures`, `class_figures`,
  `comparison_figures`, `confusion_figures`, `curve_figures`, `operating_figures`, `study_figures`
- `style`, `picking`, `saving`: how figures look, what was clicked, files of them
- `classification_report`, `debug_report`: what was said of images, to print; this computer, for who mends a fault
"""
