"""The Train tab: the run at work, the queue, and the wizard, which is a room of its own.

Others may use

- `train_tab`, `live_view`: the tab, and the run at work in it
- `queue`, `work`, `waiting_file`: trainings one after the other, what each does, those that wait for the next start
- `facts`: the numbers of a run at work as texts
"""
