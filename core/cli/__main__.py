"""`python -m core.cli`, as torchrun starts it."""

from core.cli.main import main

main()
