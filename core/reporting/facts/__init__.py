"""The facts of a run in words, each worded once: the window, reports, checklists and model cards tell the same.

Others may use `record` (what a run's folder holds), `told` (the facts by name, and the way to list them) and
`people` (who is in each part, as a table), `images` and `results` (numbers and sentences behind them).
"""
