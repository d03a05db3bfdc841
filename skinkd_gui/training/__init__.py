"""The Train tab: the run at work, the queue, and the wizard, which is a room of its own.

Others may use

- `train_tab`, `live_view`: the tab, and the run at work in it
- `queue`, `entries`, `work`: trainings one after the other, what waits and works there, what each does
- `queue_keeper`, `queue_file`: the queue on disk, which outlives the window
- `suited`: which settings a new training begins with on this computer
- `facts`: the numbers of a run at work as texts
"""
