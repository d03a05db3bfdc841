"""What the window remembers between starts.

Others may use `store` (the settings, and where they are written), `keeper` (those of a running window) and `dialog`.
"""
