"""`liuhen year`: a generated year of a province, loaded over HTTP, and the check of what the detectors made of it.

Exit codes: 0 done and in order, 1 the check found something, 2 refused.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import click

from ops import settings as settings_module
from ops.cli import EXIT_NOT_IN_ORDER, Refusal
from ops.cli.progress import progress

SHOWN = 20
DATA = click.option(
    "--data", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database."
)
JSON = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")


@click.group(epilog="Example: liuhen year load --data year-1 --seed 1 --scale 0.01")
def command() -> None:
    """A generated year of a province: load it, check the detectors against it. 生成全省一年的数据并检验预警。"""


@command.command(epilog="Example: liuhen year load --data year-1 --seed 1 --scale 1")
@DATA
@click.option("--seed", default=1, show_default=True, help="Decides everything that happens.")
@click.option(
    "--scale", "share", default=0.01, show_default=True, type=click.FloatRange(0.001, 1),
    help="Share of the full year, which has more than a million events and 2,000 officers.",
)  # fmt: skip
@click.option("--places", type=click.IntRange(1, 200), help="Planted places of each kind of signal, and near misses.")
@JSON
@click.pass_context
def load(ctx: click.Context, data: Path, seed: int, share: float, places: int | None, as_json: bool) -> None:
    """Make a year from a seed and load it: terminals enrol and upload over HTTP. 生成并载入一年的数据。

    The list of planted places lies in DATA/year/planted.jsonl before anything is uploaded.
    """
    import uvloop

    from ops.loading import LoadRefused
    from ops.loading import load as run
    from ops.year.province import Scale

    settings = settings_module.load(ctx.obj, data=data)

    def say(text: str) -> None:
        click.echo(text, err=True)

    try:
        done = uvloop.run(run(settings, seed, Scale.of(share, places), progress(as_json), say))
    except LoadRefused as fault:
        raise Refusal(str(fault)) from None
    if as_json:
        click.echo(json.dumps(asdict(done)))
        return
    click.echo(
        f"{done.events:,} events of {done.terminals:,} terminals, {done.officers:,} officers and {done.authorities} "
        f"authorities in {done.seconds:,.1f} s ({done.uploads:,} uploads); judged after {done.judged:,.1f} s"
    )
    click.echo(f"Check it with `liuhen year check --data {data}`; the planted places are in {data}/year/planted.jsonl")


@command.command(epilog="Example: liuhen year check --data year-1")
@DATA
@JSON
@click.pass_context
def check(ctx: click.Context, data: Path, as_json: bool) -> None:
    """Compare signals with the planted places, and tables with a count of the export. 检验预警与统计表。

    Exit code 0: at least 98 % of what was planted is found, at most 2 % of the near misses are flagged, every number of
    the quarterly tables is that of the count, and each report of a past quarter came out byte for byte again.
    """
    from ops.compose import open_database
    from ops.loading import Checked, LoadRefused
    from ops.loading import check as run

    settings = settings_module.load(ctx.obj, data=data)

    async def checked() -> Checked:
        async with open_database(settings) as database:
            return await run(settings, database.dsn, progress(as_json))

    try:
        done = asyncio.run(checked())
    except LoadRefused as fault:
        raise Refusal(str(fault)) from None
    if as_json:
        click.echo(json.dumps({**asdict(done), "good": done.good}, ensure_ascii=False))
    else:
        click.echo(f"{'signal':8} {'planted':>8} {'found':>6} {'near':>6} {'flagged':>8} {'elsewhere':>10}")
        for one in done.signals:
            click.echo(f"{one.signal:8} {one.planted:8} {one.found:6} {one.near:6} {one.flagged:8} {one.elsewhere:10}")
        for place in done.missed[:SHOWN]:
            click.echo(f"missed   {place.signal} {place.subject}: {place.what}")
        for place in done.flagged[:SHOWN]:
            click.echo(f"flagged  {place.signal} {place.subject}: {place.what}")
        for words in done.wrong[:SHOWN]:
            click.echo(f"figures  {words}")
        click.echo(
            f"figures compared {done.figures:,}, different {len(done.wrong)}; reports the same again {done.again} of "
            f"{done.reports}; {'in order' if done.good else 'NOT in order'}"
        )
    if not done.good:
        ctx.exit(EXIT_NOT_IN_ORDER)
