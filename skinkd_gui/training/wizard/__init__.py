"""The wizard that makes a recipe: a page for each step, a field for each setting. Others may use `dialog`,
`draft`: what was chosen last time, `editors`: the field of one setting, `data_jobs`: the sample set, and
`data_widgets`: how far a job is.
"""
