"""`python -m core.cli`: the command line where the script skinkd-cli is not installed."""

from core.cli.main import main

main()
