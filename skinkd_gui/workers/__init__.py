"""Work off the GUI thread.

Others may use

- `job`: a function of (emit, token) in a QThread, which speaks through signals
- `collector`, `preload`, `memory`: when garbage is collected; loading PyTorch after the first paint; memory in use
"""
