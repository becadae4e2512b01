"""`python -m emoclass` is the command line."""

from emoclass.cli import main

main()
