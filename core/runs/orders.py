"""What the parent of a run's processes asks of them, and how they end: shared by `several`, which starts them, and
`rank`, which is one of them."""

GO, WAIT, STOP = "go", "wait", "stop"
COMMANDS, PARENT = "SKINKD_COMMANDS", "SKINKD_PARENT"
"""Names of variables: the file with the last command, and the number of the process that gives them."""

STOPPED, FAILED = 3, 4
"""Exit statuses: stopped as wished, and ended with an error that was told."""
