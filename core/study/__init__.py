"""Grids of runs over one teacher and one split, and the paper's study among them.

Others may use

- `definition`, `files`: what a study is, and study files
- `folder`, `execute`: a study on disk, and at work
- `engines`, `stopping`: where its runs are made, and how it is stopped from elsewhere
- `every`, `controls`: a study of all losses and curricula; a curriculum's random control
- `out_of_fold`: the same study once for each test fold
- `folds`, `cross_validation`, `test_part`: candidates over folds, what chooses one, and the one use of the test part
- `families`: its configurations against the plain student, and which one validation chose
- `paper`, `departures`, `outlook`: the paper's study, how one departs from it, and what it will be made of
- `results`, `published`: what it measured, beside what the paper published
"""
