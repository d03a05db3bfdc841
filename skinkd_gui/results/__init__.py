"""The Results tab: all runs in a table, and below it everything about the selected ones.

Others may use

- `results_tab`: the tab
- `plain_table`, `row_delegate`: a table of results in the window, and how rows are drawn
- `flowing`, `notes`: panels of texts that wrap
- `exporting`, `pdf_report`: saving figures and tables; a report as PDF
"""
