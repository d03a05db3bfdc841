"""Work off the GUI thread.

Others may use

- `job_slot`: runs one job at a time for a widget, and ends with it
- `job`: a function of (emit, token) in a QThread, which speaks through signals
- `collector`, `preload`, `memory`: when garbage is collected; loading PyTorch after the first paint; memory in use
"""
