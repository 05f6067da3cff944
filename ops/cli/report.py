"""`liuhen report`: figures of a period as of a position of the log, for whoever has to hand them in or to check them.

Invariant: the same period, authorities and cut give the same bytes, a year later too.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ops import settings as settings_module
from ops.cli import Refusal

if TYPE_CHECKING:
    import asyncpg

    from domain.quarterly import Period
    from ops.settings import Settings
    from projections.process.reports import Report

ROLE = "liuhen_projector"


@click.group(epilog="Example: liuhen report quarterly --authority 210500 --period 2026-Q3 --data data")
def command() -> None:
    """Reports of a period. 统计报告。"""


@command.command("quarterly", epilog="Example: liuhen report quarterly --authority 210000 --below --period 2026-Q3")
@click.option("--authority", required=True, help="Code of the authority.")
@click.option("--below", is_flag=True, help="With all authorities below it, each beside the sum.")
@click.option("--period", "span", required=True, help="2026, 2026-Q3 or 2026-07.")
@click.option("--cut", "cut_name", help="Name of the cut of an earlier report: the same table again.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write: .json or .csv.")
@click.option("--lang", type=click.Choice(("zh", "en")), default="zh", show_default=True, help="Language.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.pass_context
def quarterly(
    ctx: click.Context, authority: str, below: bool, span: str, cut_name: str | None, data: Path | None,
    out: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """The quarterly table (plan, inspections, hazards, penalties, disclosure). 执法计划完成情况统计表。

    Nothing in it was typed by anybody; each figure says how it is counted. The cut that is printed names the positions
    of the logs: give it with --cut, and the same table comes out, whatever was recorded since.
    """
    from domain import quarterly as domain
    from projections.process import reports

    try:
        period = domain.period(span)
    except domain.NoPeriod as fault:
        raise Refusal(str(fault)) from None
    if out is not None and out.suffix not in (".json", ".csv"):
        raise Refusal(f"expected a file that ends in .json or .csv, got {out.name}")
    settings = settings_module.load(ctx.obj, data=data)
    made = asyncio.run(_quarterly(settings, authority, below, period, cut_name))
    if out is not None:
        # Excel takes a CSV for UTF-8 only with a byte order mark.
        text = reports.as_json(made) if out.suffix == ".json" else reports.as_csv(made, lang).encode("utf-8-sig")
        out.write_bytes(text)
        click.echo(f"{out}: cut {made.cut.name}", err=True)
    elif as_json:
        click.echo(reports.as_json(made).decode())
    else:
        _print(made, lang)


async def _quarterly(settings: Settings, authority: str, below: bool, period: Period, cut_name: str | None) -> Report:
    import asyncpg

    from ops.compose import open_database
    from projections.process import figures, reports

    async with open_database(settings) as database:
        connection = await asyncpg.connect(database.dsn(ROLE), timeout=10)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                wanted = await _authorities(connection, authority, below)
                cut = None
                if cut_name is not None:
                    try:
                        cut = await figures.kept(connection, cut_name, wanted)
                    except figures.NoCut:
                        raise Refusal(f"no cut is kept under {cut_name}: take the name that a report printed") from None
                made = await reports.quarterly(connection, wanted, period, cut)
                await figures.keep(connection, made.cut)
                return made
        finally:
            await connection.close()


async def _authorities(connection: asyncpg.Connection, authority: str, below: bool) -> list[str]:
    """The authority, and those whose codes say that they are below it, as far as they have logs here."""
    from projections import statements
    from projections.process.judging import stem

    known = [row["authority"] for row in await connection.fetch(statements.load("process", "a")["authorities"])]
    if authority not in known:
        raise Refusal(f"{authority} has no log here: `liuhen authority list` shows those that there are")
    wanted = [one for one in known if one == authority or (below and one.startswith(stem(authority)))]
    await connection.execute("SELECT set_config('liuhen.authority', $1, true)", authority)
    await connection.execute("SELECT set_config('liuhen.below', $1, true)", ",".join(wanted))
    return wanted


def _print(made: Report, lang: str) -> None:
    from domain.quarterly import BLOCKS
    from projections.process import figures, reports

    chinese = lang == "zh"
    click.echo(f"{'报告期' if chinese else 'Period'} {made.period.name}  {', '.join(made.authorities)}")
    block = ""
    for entry in figures.figures().entries:
        if entry.block != block:
            block = entry.block
            click.echo(f"\n{BLOCKS[block][0 if chinese else 1]}")
        value = shown(made.whole.get(entry.code), reports.unit_of(entry), chinese)
        click.echo(f"  {value:>16}  {entry.zh if chinese else entry.en} ({reports.how(entry, lang)})")
    click.echo(f"\n{'统计时点' if chinese else 'As of'} {made.cut.name}: {_positions(made.cut.vector())}")


def shown(value: int | None, unit: str, chinese: bool) -> str:
    """A figure for people: yuan with two places, per cent with one, "–" where there is none."""
    if value is None:
        return "–"
    if unit == "fen":
        return f"{value // 100:,}.{value % 100:02} {'元' if chinese else 'yuan'}"
    if unit == "per_mille":
        return f"{value // 10}.{value % 10} %"
    return f"{value:,}"


def _positions(vector: dict[str, dict[str, Any]]) -> str:
    return "; ".join(
        f"{authority} " + ", ".join(f"{log}:{size}" for log, size in logs.items()) for authority, logs in vector.items()
    )
