"""skinkd-cli: the whole work without a window. `main` is where it starts; a file for each group of commands.

Others may use `progress`: a run's events as lines of text.
"""
