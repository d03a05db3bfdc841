"""The demo and the self-test in the real window; `python -m skinkd_gui.demo` runs the demo.

Others may use `self_test`: core's steps, then the window opened on what they made.
"""
