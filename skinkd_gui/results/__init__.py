"""The Results tab: all runs in a table, and below it everything about the selected ones.

Others may use

- `results_tab`: the tab
- `grid`, `plain_table`, `row_delegate`: small tables of results, and how rows are drawn
- `flowing`, `notes`: panels of texts that wrap
- `exporting`, `pdf_report`: saving figures and tables; a report as PDF
"""
