"""The wizard that makes a recipe: a page for each step, a field for each setting. Others may use `dialog`,
`editors`: the field of one setting, `data_jobs`: the sample set, and `data_widgets`: how far a job is.
"""
