"""`liuhen evidence`: what an administrator does about files of evidence.

The server may run meanwhile. Invariant: nothing here removes or changes a file.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops import settings as settings_module
from ops.cli import EXIT_NOT_IN_ORDER, Refusal
from ops.cli.progress import progress

if TYPE_CHECKING:
    from server.evidence.scrub import Scrubbed

MB = 1_000_000


@click.group(epilog="Example: liuhen evidence scrub --data data --rate 50")
def command() -> None:
    """Check the files of evidence. 复核证据文件。"""


@command.command("scrub", epilog="Example: liuhen evidence scrub --data data --rate 50")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option(
    "--rate", type=click.FloatRange(min=0.1), help="Read at most so many MB a second. Default: as fast as it goes."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def scrub(ctx: click.Context, data: Path | None, rate: float | None, as_json: bool) -> None:
    """Read every file again and compare it with its digest. 重读全部证据文件并核对摘要。

    A damaged or lost file becomes an incident in the log and a signal, is not shown any more, and is asked for again
    from the terminals that had it. Exit code 0: all sound; 1: some are damaged or lost; 2: could not run.
    """
    settings = settings_module.load(ctx.find_root().obj, data=data)
    done = asyncio.run(_scrub(settings, (rate or 0.0) * MB, progress(as_json)))
    if as_json:
        click.echo(json.dumps({**asdict(done), "seconds": round(done.seconds, 3), "in_order": done.in_order}))
    else:
        click.echo(_words(done))
    if not done.in_order:
        ctx.exit(EXIT_NOT_IN_ORDER)


async def _scrub(settings: settings_module.Settings, rate: float, shown: Callable[[int, int], None]) -> Scrubbed:
    from ops.compose import open_database, open_log
    from ops.faces import make_uploads
    from schemas.problems import Problem
    from server.evidence.checking import Checker
    from server.evidence.scrub import scrub

    async with open_database(settings) as database, open_log(settings, database) as opened:
        uploads = make_uploads(settings, opened)
        checker = Checker(uploads.store, opened.committer, opened.pool)
        try:
            return await scrub(checker, opened.pool, uploads.arrivals, rate=rate, progress=shown)
        except Problem as problem:
            raise Refusal(f"damage was found and cannot be recorded ({problem.code}): run `liuhen doctor`") from None


def _words(done: Scrubbed) -> str:
    rate = f", {done.bytes / MB / done.seconds:,.0f} MB/s" if done.seconds else ""
    lines = [f"{done.files:,} files, {done.bytes:,} bytes read in {done.seconds:.1f} s{rate}; {done.sound:,} sound"]
    lines += [f"corrupt   {digest}" for digest in done.corrupt]
    lines += [f"lost      {digest}" for digest in done.lost]
    lines += [f"restored  {digest}" for digest in done.restored]
    if not done.in_order:
        lines.append("incidents stand in the log; the terminals are asked for these files again")
    return "\n".join(lines)
