"""The wizard that makes a recipe: a page for each step, a field for each setting. Others may use `dialog`,
and `editors`: the field of one setting.
"""
