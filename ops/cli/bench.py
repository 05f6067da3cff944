"""`liuhen bench`: figures from one run on this machine; ratios to peers in the same run are what to quote.

Everything runs on an embedded database in a temporary folder that is removed at the end. Exit codes: 0 measured, 1 the
run came out wrong (rows lost, a rebuild that differs), 2 refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ops import settings as settings_module
from ops.cli import EXIT_NOT_IN_ORDER, Refusal

if TYPE_CHECKING:
    from ops.bench.ingest import Say
    from ops.bench.page import Table

MOST_TERMINALS = 256
MOST_EVENTS = 20_000_000
LEAST_ROUND = 50
BAR = 24

JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the temporary database lies: a folder on the disk that counts. Default: the temporary folder.",
)
ROUNDS = click.option(
    "--rounds", type=click.IntRange(1, 50), default=3, show_default=True, help="Rounds; figures are their medians."
)


@click.group(epilog="Example: liuhen bench ingest --json")
def command() -> None:
    """Measure this machine, beside peers in the same run. 在本机测量性能，并与同类系统同场比较。"""


def _levels(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[int, ...]:
    parts = value.split(",")
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= MOST_TERMINALS for part in parts):
        raise Refusal(
            f"--levels: expected numbers of terminals from 1 to {MOST_TERMINALS} such as 1,8,32, came {value!r}"
        )
    return tuple(sorted({int(part) for part in parts}))


@command.command(epilog="Example: liuhen bench ingest --levels 1,32 --rounds 5 --json")
@click.option("--levels", default="1,8,32,128", show_default=True, callback=_levels, help="Numbers of terminals.")
@click.option(
    "--events",
    type=click.IntRange(LEAST_ROUND, 2_000_000),
    help="Events for each level and round. Default: 10,000 to 60,000 by level.",
)
@click.option("--seconds", type=click.FloatRange(0.1, 3_600), help="Stop each level of a round after so many seconds.")
@click.option(
    "--authorities",
    type=click.Choice(["1", "32"]),
    default="1",
    show_default=True,
    help="32: measure 32 terminals spread over 32 logs as well.",
)
@click.option("--growth", is_flag=True, help="Measure the cost of an event at 10^4, 10^5 and 10^6 entries as well.")
@click.option("--full", is_flag=True, help="With --growth: at 10^7 entries as well; takes many minutes.")
@ROUNDS
@FOLDER
@JSON
@click.pass_context
def ingest(
    ctx: click.Context, levels: tuple[int, ...], events: int | None, seconds: float | None, authorities: str,
    growth: bool, full: bool, rounds: int, folder: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Durable, signed events a second over HTTP, and what peers reach. 写入性能及与同类系统之比。

    Our server, COPY of the same rows, the eventsourcing library behind a bare HTTP handler, and UmaDB take the same
    batches in interleaved rounds on one database. Every row is counted afterwards.
    """
    from ops.bench import ingest as ingesting
    from ops.bench import page, series

    settings = settings_module.load(ctx.obj)
    plan = ingesting.Plan(levels, events, rounds, seconds, int(authorities))

    async def work(say: Say) -> tuple[dict[str, Any], list[Table]]:
        samples = await ingesting.run(plan, settings=settings, place=folder, say=say)
        told, tables = samples.as_json(), page.ingest_tables(samples)
        if growth:
            sizes = (*series.SIZES, series.FULL_SIZE) if full else series.SIZES
            grown = await series.growth(sizes, settings=settings, place=folder, say=say)
            told["growth"] = grown.as_json()
            tables.append(page.growth_table(grown))
        tables[-1:] = [_with_machine(tables[-1], samples.machine.line())]
        return told, tables

    _show(_run(work), as_json)


@command.command(epilog="Example: liuhen bench rebuild --events 300000")
@click.option(
    "--events",
    type=click.IntRange(LEAST_ROUND, MOST_EVENTS),
    default=300_000,
    show_default=True,
    help="Size of the log.",
)
@click.option(
    "--pace",
    type=click.FloatRange(0, 1_000_000),
    default=20_000.0,
    show_default=True,
    help="Events a second that the projections are to keep up with afterwards; 0: not measured.",
)
@FOLDER
@JSON
@click.pass_context
def rebuild(ctx: click.Context, events: int, pace: float, folder: Path | None, as_json: bool) -> None:
    """Projections: catching up, rebuilt from zero, keeping up. 投影追赶、重建与同步性能。"""
    from ops.bench import page, series

    settings = settings_module.load(ctx.obj)

    async def work(say: Say) -> tuple[dict[str, Any], list[Table]]:
        done = await series.folding(events, pace=pace or None, settings=settings, place=folder, say=say)
        return done.as_json(), [_with_machine(page.folding_table(done), done.machine.line())]

    _show(_run(work), as_json)


@command.command(epilog="Example: liuhen bench verify --events 1000000")
@click.option(
    "--events",
    type=click.IntRange(LEAST_ROUND, MOST_EVENTS),
    default=1_000_000,
    show_default=True,
    help="Size of the log.",
)
@FOLDER
@JSON
@click.pass_context
def verify(ctx: click.Context, events: int, folder: Path | None, as_json: bool) -> None:
    """Time `liuhen verify` on a log made by the server. 核验整个日志所需时间。"""
    from ops.bench import page, series

    settings = settings_module.load(ctx.obj)

    async def work(say: Say) -> tuple[dict[str, Any], list[Table]]:
        done = await series.verifying(events, settings=settings, place=folder, say=say)
        return done.as_json(), [_with_machine(page.verified_table(done), done.machine.line())]

    _show(_run(work), as_json)


@command.command(epilog="Example: liuhen bench pages --rows 10000")
@click.option(
    "--rows",
    type=click.IntRange(100, 1_000_000),
    default=10_000,
    show_default=True,
    help="Hazards, deadlines and open signals in the tables, so many of each.",
)
@click.option(
    "--times", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How often each page is asked for."
)
@FOLDER
@JSON
@click.pass_context
def pages(ctx: click.Context, rows: int, times: int, folder: Path | None, as_json: bool) -> None:
    """Time the pages of deadlines, hazards and signals on full tables. 大数据量下各页面的响应时间。"""
    from ops.bench import page
    from ops.bench import pages as showing

    settings = settings_module.load(ctx.obj)

    async def work(say: Say) -> tuple[dict[str, Any], list[Table]]:
        done = await showing.run(rows, settings=settings, place=folder, say=say, times_each=times)
        return done.as_json(), [_with_machine(page.pages_table(done), done.machine.line())]

    _show(_run(work), as_json)


@command.command(epilog="Example: liuhen bench public --records 100000 --rate 200")
@click.option(
    "--records", type=click.IntRange(1_000, 1_000_000), default=100_000, show_default=True, help="Published records."
)
@click.option("--rate", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Searches a second.")
@click.option("--seconds", type=click.IntRange(1, 600), default=20, show_default=True, help="How long to search.")
@FOLDER
@JSON
@click.pass_context
def public(ctx: click.Context, records: int, rate: int, seconds: int, folder: Path | None, as_json: bool) -> None:
    """Time searches of the public site at a fixed rate, and everything as CSV. 公示网站查询与全量导出性能。"""
    from ops.bench import page
    from ops.bench import public as publishing

    settings = settings_module.load(ctx.obj)

    async def work(say: Say) -> tuple[dict[str, Any], list[Table]]:
        done = await publishing.run(records, rate=rate, seconds=seconds, settings=settings, place=folder, say=say)
        return done.as_json(), [_with_machine(page.public_table(done), done.machine.line())]

    _show(_run(work), as_json)


@command.command(epilog="Example: liuhen bench reconcile --rows 100000 --json")
@click.option(
    "--rows", type=click.IntRange(1_000, 199_000), default=100_000, show_default=True, help="Receipts of the book."
)
@FOLDER
@JSON
@click.pass_context
def reconcile(_ctx: click.Context, rows: int, folder: Path | None, as_json: bool) -> None:
    """Time reading a book of others and holding it against as many payments. 外部台账读取与核对性能。"""
    from ops.bench import page
    from ops.bench import reconcile as books

    async def work(say: Say) -> tuple[dict[str, Any], list[Table]]:
        done = await asyncio.to_thread(books.reconciling, rows, place=folder, say=say)
        return done.as_json(), [page.reconciled_table(done)]

    _show(_run(work), as_json)


@command.command("all", epilog="Example: liuhen bench all --write docs/performance.md")
@click.option(
    "--events",
    type=click.IntRange(LEAST_ROUND, MOST_EVENTS),
    default=1_000_000,
    show_default=True,
    help="Greatest log that verify and growth work on; the projections get a third of it.",
)
@click.option("--full", is_flag=True, help="Growth up to 10^7 entries.")
@click.option(
    "--write",
    "page_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Put the tables between the marks of this Markdown page.",
)
@ROUNDS
@FOLDER
@JSON
@click.pass_context
def everything(
    ctx: click.Context, events: int, full: bool, page_path: Path | None, rounds: int, folder: Path | None, as_json: bool
) -> None:
    """Ingest, spread, growth, projections and verify, one after the other. 依次完成全部测量。"""
    from ops.bench import ingest as ingesting
    from ops.bench import page, series

    settings = settings_module.load(ctx.obj)
    if page_path is not None:
        try:
            page.check(page_path)
        except page.PageRefused as fault:
            raise Refusal(str(fault)) from None
    plan = ingesting.Plan(rounds=rounds, authorities=ingesting.SPREAD)
    sizes = [size for size in series.SIZES if size <= events] or [events]
    if full:
        sizes.append(series.FULL_SIZE)

    async def work(say: Say) -> tuple[dict[str, Any], list[Table]]:
        samples = await ingesting.run(plan, settings=settings, place=folder, say=say)
        grown = await series.growth(sizes, settings=settings, place=folder, say=say)
        folded = await series.folding(max(LEAST_ROUND, events // 3), settings=settings, place=folder, say=say)
        verified = await series.verifying(events, settings=settings, place=folder, say=say)
        told = {
            "ingest": samples.as_json(),
            "growth": grown.as_json(),
            "rebuild": folded.as_json(),
            "verify": verified.as_json(),
        }
        tables = page.ingest_tables(samples)
        tables += [page.growth_table(grown), page.folding_table(folded), page.verified_table(verified)]
        if page_path is not None:
            page.write(page_path, tables, samples.machine)
        tables[-1:] = [_with_machine(tables[-1], samples.machine.line())]
        return told, tables

    _show(_run(work), as_json)


def _with_machine(table: Table, line: str) -> Table:
    from dataclasses import replace

    return replace(table, notes=[*table.notes, "", f"机器 machine: {line}"])


def _show(done: tuple[dict[str, Any], list[Table]], as_json: bool) -> None:
    told, tables = done
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo("\n\n".join(table.text() for table in tables))


def _run(
    work: Callable[[Say], Coroutine[Any, Any, tuple[dict[str, Any], list[Table]]]],
) -> tuple[dict[str, Any], list[Table]]:
    """Run a measurement to its end, with progress on stderr. A signal ends it as Ctrl-C does: nothing stays behind."""
    import uvloop

    from ops import logs
    from ops.bench.load import LoadRefused
    from ops.bench.page import PageRefused
    from ops.bench.rig import BenchFault

    logs.configure("warning")

    async def main(say: Say) -> tuple[dict[str, Any], list[Table]]:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work(say)

    with _progress() as say:
        try:
            return uvloop.run(main(say))
        except asyncio.CancelledError:
            raise click.Abort from None
        except PageRefused as fault:
            raise Refusal(str(fault)) from None
        except (BenchFault, LoadRefused) as fault:
            _wrong(str(fault))
        except BaseExceptionGroup as faults:
            ours, others = faults.split((BenchFault, LoadRefused))
            if ours is None or others is not None:
                raise
            _wrong("; ".join(sorted({str(fault) for fault in _leaves(ours)})))


def _wrong(sentence: str) -> NoReturn:
    click.echo(f"liuhen: {sentence}", err=True)
    raise click.exceptions.Exit(EXIT_NOT_IN_ORDER)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for fault in group.exceptions:
        if isinstance(fault, BaseExceptionGroup):
            yield from _leaves(fault)
        else:
            yield fault


@contextlib.contextmanager
def _progress() -> Iterator[Say]:
    """A bar on a terminal, a line for each new step elsewhere; on stderr, so that stdout is the result alone."""
    tty = sys.stderr.isatty()
    last = ""

    def say(what: str, done: int, whole: int) -> None:
        nonlocal last
        if tty:
            filled = BAR * done // max(1, whole)
            click.echo(f"\r\x1b[K[{'#' * filled}{'.' * (BAR - filled)}] {what}", nl=False, err=True)
        elif what != last:
            click.echo(what, err=True)
        last = what

    try:
        yield say
    finally:
        if tty:
            click.echo("\r\x1b[K", nl=False, err=True)
