"""What comes with the program as files: icons, style sheets, class sets, texts, sample recipes, the paper's numbers.

Others may use `files`: any of them, from the sources, the wheel or the frozen program.
"""
