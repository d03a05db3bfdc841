"""Widgets that several tabs share; they know nothing of runs or models.

- `theme`, `labels`, `layouts`, `flow_layout`, `parts`: light and dark, icons, texts with a role, rows and
  columns, lines that go on below, buttons and timers
- `banner`, `empty_state`, `error_dialog`, `question`, `saving_dialog`: what is said and asked
- `saving`: asks for a file to write, and writes text into it
- `numbers`: fields for numbers in the digits of any script
- `dragged`: the files that are dropped or pasted
- `figure_view`, `threaded_figure_view`: figures, drawn when idle or in a thread
- `fitting`, `fitting_grid`, `turning`: dialogs that keep to their screen, sizes that follow the text, what scrolls,
  cells and rows that are arranged for the width
- `tab_order`: the way of Tab
- `disk_watch`, `runs_watch`, `data_paths`: that folders changed on the disk
- `helper`: what does a part of a widget's work without being one
- `opening`: files and pages in the system's own programs
"""
