"""`python -m ops` is the console script `liuhen`."""

from ops.cli import main

main()
