"""Progress of long commands, the same everywhere: on stderr, so that output can be piped."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click


def progress(as_json: bool) -> Callable[[int, int], None]:
    """A bar on a terminal, a line for each tenth elsewhere, nothing beside --json."""
    if as_json:
        return lambda _done, _all: None
    tty, shown = sys.stderr.isatty(), [-1]

    def show(done: int, whole: int) -> None:
        percent = 100 if not whole else done * 100 // whole
        if percent == shown[0] or not whole:
            return
        if tty:
            bar = "#" * (percent // 4)
            click.echo(f"\r[{bar:<25}] {percent:3d} % {done:,}/{whole:,}", nl=percent == 100, err=True)
        elif percent // 10 != shown[0] // 10:
            click.echo(f"{percent} % {done}/{whole}", err=True)
        shown[0] = percent

    return show
