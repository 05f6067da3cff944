"""`liuhen rebuild`: make the projections again from the log, compare them with the live ones, and swap.

The server may run meanwhile. Invariant: until the last moment the live tables answer as before; with --check they do so
afterwards as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ops import settings as settings_module
from ops.cli import EXIT_NOT_IN_ORDER, Refusal, dsn
from ops.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from projections.rebuild import Rebuilt

ROLE = "liuhen_projector"
MAX_WORKERS = 16


@click.command(epilog="Example: liuhen rebuild --data data --check")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option(
    "--dsn-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File with the DSN of an outside database ({ROLE}).",
)
@click.option("--check", is_flag=True, help="Compare only: the live tables stay.")
@click.option(
    "--workers",
    type=click.IntRange(0, MAX_WORKERS),
    help="Processes that read and fold beside the one that writes. Default: 2 for a long log, 0 for a short one.",
)
@click.option(
    "--only",
    type=click.Choice(("folds", "judgements", "published")),
    help="Case files and terminal ledgers, what the judges say, or what the public reads, alone. Default: all.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def command(
    ctx: click.Context,
    data: Path | None,
    dsn_file: Path | None,
    check: bool,
    workers: int | None,
    only: str | None,
    as_json: bool,
) -> None:
    """Rebuild case files, terminal ledgers and all judgements from the log. 由日志重建卷宗、终端台账与全部判定。

    Exit code 0: done, and equal to the live tables (or a difference was to be expected because this program knows
    more event types or folds otherwise); 1: the live tables were not what the log says; 2: could not run.
    """
    if data is not None and dsn_file is not None:
        raise Refusal("expected --data or --dsn-file, got both: name one database")
    import uvloop

    done = uvloop.run(_run(_source(ctx, data, dsn_file), check, workers, only, progress(as_json)))
    if as_json:
        figures = {NAMES[how]: as_figures(one) for how, one in done.items()}
        first = next(iter(figures))
        click.echo(json.dumps(figures.pop(first) | figures))
    else:
        click.echo("\n".join(_words(one, how) for how, one in done.items()))
    if any(not one.equal and not one.expected for one in done.values()):
        ctx.exit(EXIT_NOT_IN_ORDER)


NAMES: Final = {"folded": "folds", "judged": "judgements", "published": "published"}
"""What was done to the entries -> the name of its figures behind those of the first."""


async def _published(dsn: str, check: bool) -> Rebuilt:
    """What the public reads, made again from the releases; `entries` are those of records."""
    from projections.publishing import rebuild
    from projections.rebuild import Rebuilt
    from projections.runner import connect

    began = time.monotonic()
    connection = await connect(dsn, "rebuild of what is published")
    try:
        done = await rebuild(connection, keep=not check)
    finally:
        await connection.close()
    return Rebuilt(
        entries=done.shown + done.refused, seconds=time.monotonic() - began, parked=done.refused, compared=True,
        different={"published": done.different} if done.different else {}, expected=False, swapped=not check,
        generation=0,
    )  # fmt: skip


def as_figures(done: Rebuilt) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "entries": done.entries,
        "seconds": round(done.seconds, 3),
        "entries_per_s": round(done.entries / done.seconds) if done.seconds else 0,
        "compared": done.compared,
        "equal": done.equal,
        "different": dict(done.different),
        "expected": done.expected,
        "parked": done.parked,
        "swapped": done.swapped,
        "generation": done.generation,
    }


async def _run(
    source: AbstractAsyncContextManager[str],
    check: bool,
    workers: int | None,
    only: str | None,
    shown: Callable[[int, int], None],
) -> dict[str, Rebuilt]:
    """What was done to the entries, and how it went: folded, judged."""
    from projections.process import rebuild as process
    from projections.rebuild import RebuildRefused, rebuild
    from projections.runner import LOST

    done = {}
    try:
        async with source as dsn:
            if only in (None, "folds"):
                done["folded"] = await rebuild(dsn, swap=not check, workers=workers, progress=shown)
            if only in (None, "judgements"):
                done["judged"] = await process.rebuild(dsn, swap=not check, progress=shown)
            if only in (None, "published"):
                done["published"] = await _published(dsn, check)
            return done
    except RebuildRefused as fault:
        raise Refusal(str(fault)) from fault
    except LOST as fault:
        raise Refusal(
            f"the database does not answer ({type(fault).__name__}): check that it runs, then try again"
        ) from fault


@asynccontextmanager
async def _source(ctx: click.Context, data: Path | None, dsn_file: Path | None) -> AsyncIterator[str]:
    if dsn_file is not None:
        yield dsn.read(dsn_file)
        return
    from ops.compose import open_database

    async with open_database(settings_module.load(ctx.find_root().obj, data=data)) as database:
        yield database.dsn(ROLE)


def _words(done: Rebuilt, how: str) -> str:
    rate = f"{done.entries / done.seconds:,.0f}/s" if done.seconds else ""
    lines = [f"{done.entries:,} entries {how} in {done.seconds:.1f} s ({rate}), {done.parked} parked"]
    if not done.compared:
        lines.append("the live tables were of another version: nothing to compare with")
    elif done.equal:
        lines.append("equal to the live tables, byte for byte")
    else:
        rows = ", ".join(f"{count} in {name}" for name, count in sorted(done.different.items()))
        why = "as expected: this program knows other event types" if done.expected else "the live tables were wrong"
        lines.append(f"rows that differ: {rows} ({why})")
    lines.append("swapped in" if done.swapped else "not swapped (--check)")
    return "\n".join(lines)
