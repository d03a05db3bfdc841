"""A model's card: what it is, what it can not do, how good and how sure it is.

Others may use `content` (read from the model's file and its run), `sections` (in words, page by page), `hub` (README.md
with the metadata that model hubs read), `exported` (an export with its card beside it) and `bundle` (a folder for an
engineer).
"""
