"""`liuhen report`: figures of a period as of a position of the log, for whoever has to hand them in or to check them.

Invariant: the same period, authorities and cut give the same bytes, a year later too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ops import settings as settings_module
from ops.cli import Refusal
from ops.cli.progress import progress

if TYPE_CHECKING:
    import asyncpg

    from domain.quarterly import Period
    from ops.compose import Database
    from ops.settings import Settings
    from projections.process.off_system import OffSystem
    from projections.process.reports import Report
    from projections.process.trail import Trail
    from projections.sheets import Sheet
    from schemas.events.custody import TrailForm

F = TypeVar("F", bound=Callable[..., Any])
ROLE = "liuhen_writer"
"""Reads the log as well, for what stood at an earlier cut; its transactions here write nothing but the cut."""
ENDINGS = (".json", ".csv", ".xlsx")


def _options(command: F) -> F:
    """What every report is asked with."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="The report as JSON."),
        click.option("--lang", type=click.Choice(("zh", "en")), default="zh", show_default=True, help="Language."),
        click.option(
            "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write: .json, .csv or .xlsx."
        ),
        click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the database."),
        click.option("--below", is_flag=True, help="With all authorities below it, each beside the sum."),
        click.option("--authority", required=True, help="Code of the authority."),
    ):
        command = option(command)
    return command


@click.group(epilog="Example: liuhen report quarterly --authority 210500 --period 2026-Q3 --data data")
def command() -> None:
    """Reports of a period. 统计报告。"""


@command.command("quarterly", epilog="Example: liuhen report quarterly --authority 210000 --below --period 2026-Q3")
@_options
@click.option("--period", "span", required=True, help="2026, 2026-Q3 or 2026-07.")
@click.option("--cut", "cut_name", help="Name of the cut of an earlier report: the same table again.")
@click.pass_context
def quarterly(
    ctx: click.Context, authority: str, below: bool, span: str, cut_name: str | None, data: Path | None,
    out: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """The quarterly table (plan, inspections, hazards, penalties, disclosure). 执法计划完成情况统计表。

    Nothing in it was typed by anybody; each figure says how it is counted. The cut that is printed names the positions
    of the logs: give it with --cut, and the same table comes out, whatever was recorded since.
    """
    _table(ctx, "quarterly", span, authority, below, cut_name, data, out, lang, as_json)


@command.command("monthly", epilog="Example: liuhen report monthly --authority 210500 --month 2026-07 --out july.xlsx")
@_options
@click.option("--month", required=True, help="2026-07.")
@click.option("--cut", "cut_name", help="Name of the cut of an earlier report: the same table again.")
@click.pass_context
def monthly(
    ctx: click.Context, authority: str, below: bool, month: str, cut_name: str | None, data: Path | None,
    out: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """The statistics of a month. 月度统计。"""
    if len(month) != 7 or "Q" in month:
        raise Refusal(f"expected a month such as 2026-07, got {month}")
    _table(ctx, "monthly", month, authority, below, cut_name, data, out, lang, as_json)


@command.command("annual", epilog="Example: liuhen report annual --authority 210500 --year 2026 --out year.xlsx")
@_options
@click.option("--year", required=True, help="2026.")
@click.option("--cut", "cut_name", help="Name of the cut of an earlier report: the same table again.")
@click.pass_context
def annual(
    ctx: click.Context, authority: str, below: bool, year: str, cut_name: str | None, data: Path | None,
    out: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """The statistics of a year, due by 31 January. 行政执法统计年报。

    Its six tables come first. Licences, levies and expropriation are not recorded in this system: they say so, or what
    the authority handed in (`liuhen report submit --kind annual_statistics`). Penalties count when they were decided,
    those revoked later included; a case with several kinds counts once, under
    the heaviest. Amounts of money are in 10,000 yuan, exact to the fen.
    """
    if len(year) != 4:
        raise Refusal(f"expected a year such as 2026, got {year}")
    _table(ctx, "annual", year, authority, below, cut_name, data, out, lang, as_json)


@command.command("off-system", epilog="Example: liuhen report off-system --authority 210000 --below --period 2026-Q3")
@_options
@click.option("--period", "span", help="2026, 2026-Q3 or 2026-07; the current quarter by default.")
@click.option("--at", "name", default="", help="Name of an earlier report, CUT or CUT@INSTANT: the same one again.")
@click.pass_context
def off_system(
    ctx: click.Context, authority: str, below: bool, span: str | None, name: str, data: Path | None,
    out: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """What may have been done off the system: signals, their threads, and what is not known. 体外循环报告。

    Every signal of the period with its state and what was said of it, held against the acts that came in; late sync
    told apart from late entry; terminals that hold something back. Give the printed name with --at, and the same
    report comes out, whatever was recorded or explained since.
    """
    from projections.process import off_system as reports

    period = _period(span or _current())
    _writable(out)
    settings = settings_module.load(ctx.obj, data=data)
    made = asyncio.run(_off_system(settings, authority, below, period, name, progress(as_json)))
    if out is not None:
        _write(out, reports.as_json(made), reports.sheets(made, lang))
        click.echo(f"{out}: {made.name}", err=True)
    elif as_json:
        click.echo(reports.as_json(made).decode())
    else:
        _print_off_system(made, lang)


@command.command("trail", epilog="Example: liuhen report trail --authority 210500 --officer officer-0017 --period 2026")
@_options
@click.option("--officer", help="Id of the officer whose acts they are.")
@click.option("--enterprise", help="Id of the enterprise about which they are.")
@click.option("--period", "span", required=True, help="2026, 2026-Q3 or 2026-07.")
@click.option("--by", "reader", help="Id of the officer who looks: it stands in the log; without it the server does.")
@click.pass_context
def trail(
    ctx: click.Context, authority: str, below: bool, officer: str | None, enterprise: str | None, span: str,
    reader: str | None, data: Path | None, out: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    """What an officer did, or what was done about an enterprise, act by act. 履职留痕。

    For whoever has to show that duties were done: each act with its times and its place in the log. Nothing is counted.
    That somebody looked is recorded in the log of the authority before anything is shown.
    """
    from projections import sheets
    from projections.process import trail as trails

    if (officer is None) == (enterprise is None):
        raise Refusal("name either an --officer or an --enterprise")
    period = _period(span)
    _writable(out)
    settings = settings_module.load(ctx.obj, data=data)
    form: TrailForm = "json" if as_json else "csv"
    if out is not None:
        form = "xlsx" if out.suffix == ".xlsx" else "csv" if out.suffix == ".csv" else "json"
    made = asyncio.run(_trail(settings, authority, below, officer, enterprise, period, form, reader))
    told = json.dumps(trails.as_dict(made), ensure_ascii=False)
    if out is not None:
        _write(out, told.encode(), [trails.sheet(made, lang)])
        click.echo(f"{out}: {len(made.steps)} acts, cut {made.cut.name}", err=True)
    elif as_json:
        click.echo(told)
    else:
        click.echo(sheets.as_csv([trails.sheet(made, lang)]), nl=False)


async def _trail(
    settings: Settings, authority: str, below: bool, officer: str | None, enterprise: str | None, period: Period,
    form: TrailForm, reader: str | None,
) -> Trail:  # fmt: skip
    from hashlib import sha256

    from ops.compose import open_database, open_log
    from schemas.entries import Who
    from schemas.problems import Problem
    from server.log.past import trail_now
    from server.log.trail_acts import TrailActs

    session = sha256(json.dumps([officer, enterprise, period.name, form]).encode()).digest()
    who = Who(service="trail", session=session, via="command")
    if reader is not None:
        who = Who(officer=reader, session=session, via="command")
    async with open_database(settings) as database, open_log(settings, database) as log:
        async with _looking_at(database, authority, below) as (connection, wanted):
            if officer is not None:
                made = await trail_now(connection, wanted, "officer", officer, period)
            else:
                made = await trail_now(connection, wanted, "enterprise", enterprise or "", period)
        if made is None:
            raise Refusal(f"nothing is on record of {officer or enterprise} at {', '.join(wanted)}")
        try:
            await TrailActs(log.committer).read(authority, made, period.name, form, who)
        except Problem as fault:
            raise Refusal(fault.reason or fault.code) from None
    return made


@command.command(
    "submit",
    epilog="Example: liuhen report submit --authority 210500 --kind yearly --period 2026 --officer officer-0001",
)
@click.option("--authority", required=True, help="Code of the authority.")
@click.option(
    "--kind", type=click.Choice(("quarterly", "yearly", "annual_statistics")), required=True, help="Which report."
)
@click.option("--period", "span", required=True, help="2026-Q3 for a quarter, 2026 for a year.")
@click.option("--officer", required=True, help="Id of the officer who hands it in.")
@click.option(
    "--differing", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="CSV of the figures that differ from the system: CODE,NUMBER (yuan for money, per cent for shares).",
)  # fmt: skip
@click.option("--explanation", default="", help="Why they differ.")
@click.option("--to", default="", help="Code of the authority that receives it.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the database.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
@click.pass_context
def submit(
    ctx: click.Context, authority: str, kind: str, span: str, officer: str, differing: Path | None, explanation: str,
    to: str, data: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Hand a report in: figures as the system has them, but those that differ. 上报报表。

    What is handed in and what the system has at that moment are recorded side by side; where they differ, a signal
    says so. The file of figures that differ has the header code,value.
    """
    period = _period(span)
    told = {} if differing is None else _differing(differing, kind)
    if not explanation.strip() and _differ(told):
        raise Refusal("say with --explanation why the figures differ: whoever reads the report sees both")
    settings = settings_module.load(ctx.obj, data=data)
    report = asyncio.run(_submit(settings, authority, kind, period, told, officer, explanation, to))
    if as_json:
        click.echo(json.dumps({"report": report, "kind": kind, "period": period.name, "differing": told}))
    else:
        click.echo(f"{report}: handed in, {len(told)} figures differ from the system")


def _differ(told: Mapping[str, int]) -> bool:
    """Whether a figure is among them that the system counts: only such a one can differ from it."""
    from domain import annual

    return bool(told.keys() - annual.ELSEWHERE.keys())


def _differing(path: Path, kind: str) -> dict[str, int]:
    """Figures of a file by their codes, in the units of the table."""
    from domain import annual
    from ops.tables import TableRefused, read
    from projections.process import figures, reports
    from projections.sheets import number

    known = {entry.code: reports.unit_of(entry) for entry in figures.figures().entries}
    if kind == "annual_statistics":
        known |= {one.code: one.unit for one in annual.ELSEWHERE.values()}
    told: dict[str, int] = {}
    try:
        rows = read(path)[0].rows
    except TableRefused as fault:
        raise Refusal(str(fault)) from None
    for place, row in enumerate(rows, 2):
        code, text = (*row, "", "")[:2]
        if code not in known:
            raise Refusal(f"{path.name}, row {place}: expected a code of the table, got {code!r}")
        value = number(text, known[code])
        if value is None:
            raise Refusal(f"{path.name}, row {place}: expected a number for {code}, got {text!r}")
        told[code] = value
    return told


async def _submit(
    settings: Settings, authority: str, kind: str, period: Period, told: dict[str, int], officer: str,
    explanation: str, to: str,
) -> str:  # fmt: skip
    from hashlib import sha256

    from domain import reporting
    from ops.compose import open_database, open_log
    from schemas.entries import Who
    from schemas.problems import Problem
    from server.log.ids import uuid7
    from server.log.report_acts import ReportActs

    (wanted,) = (one for one in reporting.KINDS if one == kind)
    report = uuid7()
    said = json.dumps([kind, period.name, told, explanation], sort_keys=True)
    who = Who(officer=officer, session=sha256(said.encode()).digest(), via="command")
    async with open_database(settings) as database, open_log(settings, database) as log:
        try:
            await ReportActs(log.committer, log.pool).submit(
                authority, report, wanted, period, told, who, explanation=explanation, to=to
            )
        except Problem as fault:
            raise Refusal(fault.reason or fault.code) from None
    return report.hex()


def _table(
    ctx: click.Context, kind: str, span: str, authority: str, below: bool, cut_name: str | None, data: Path | None,
    out: Path | None, lang: str, as_json: bool,
) -> None:  # fmt: skip
    from projections.process import reports

    period = _period(span)
    _writable(out)
    settings = settings_module.load(ctx.obj, data=data)
    made = asyncio.run(_made(settings, kind, authority, below, period, cut_name))
    if out is not None:
        _write(out, reports.as_json(made), [reports.sheet(made, lang)])
        click.echo(f"{out}: cut {made.cut.name}", err=True)
    elif as_json:
        click.echo(reports.as_json(made).decode())
    else:
        _print(made, lang)


def _period(span: str) -> Period:
    from domain import quarterly as domain

    try:
        return domain.period(span)
    except domain.NoPeriod as fault:
        raise Refusal(str(fault)) from None


def _current() -> str:
    """The quarter of today."""
    import time

    from domain.workdays import day_of

    today = day_of(time.time_ns() // 1_000_000)
    return f"{today.year}-Q{(today.month + 2) // 3}"


def _writable(out: Path | None) -> None:
    if out is not None and out.suffix not in ENDINGS:
        raise Refusal(f"expected a file that ends in {', '.join(ENDINGS)}, got {out.name}")


def _write(out: Path, as_json: bytes, tables: Sequence[Sheet]) -> None:
    from projections import sheets

    try:
        match out.suffix:
            case ".json":
                out.write_bytes(as_json)
            case ".csv":
                out.write_text(sheets.BOM + sheets.as_csv(tables), "utf-8", newline="")
            case _:
                out.write_bytes(sheets.as_xlsx(tables))
    except sheets.TooManyRows as fault:
        raise Refusal(str(fault)) from None
    except OSError as fault:
        raise Refusal(f"{out}: {fault.strerror}") from None


@asynccontextmanager
async def _looking(
    settings: Settings, authority: str, below: bool
) -> AsyncIterator[tuple[asyncpg.Connection, list[str]]]:
    """A connection of one moment and the authorities that it sees."""
    from ops.compose import open_database

    async with open_database(settings) as database, _looking_at(database, authority, below) as looking:
        yield looking


@asynccontextmanager
async def _looking_at(
    database: Database, authority: str, below: bool
) -> AsyncIterator[tuple[asyncpg.Connection, list[str]]]:
    """The same on a database that is open."""
    import asyncpg

    connection = await asyncpg.connect(database.dsn(ROLE), timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            yield connection, await _authorities(connection, authority, below)
    finally:
        await connection.close()


async def _made(
    settings: Settings, kind: str, authority: str, below: bool, period: Period, cut_name: str | None
) -> Report:
    from projections.process import figures, reports

    async with _looking(settings, authority, below) as (connection, wanted):
        cut = None
        if cut_name is not None:
            try:
                cut = await figures.kept(connection, cut_name, wanted)
            except figures.NoCut:
                raise Refusal(f"no cut is kept under {cut_name}: take the name that a report printed") from None
        made = await reports.quarterly(connection, wanted, period, cut, kind)
        await figures.keep(connection, made.cut)
        return await reports.with_handed(connection, made) if kind == "annual" else made


async def _off_system(
    settings: Settings, authority: str, below: bool, period: Period, name: str, told: Callable[[int, int], None]
) -> OffSystem:
    from projections.process import figures
    from server.log.past import made_at

    async with _looking(settings, authority, below) as (connection, wanted):
        try:
            return await made_at(connection, wanted, period, name, progress=told)
        except figures.NoCut:
            raise Refusal(f"no cut is kept under {name}: take the name that a report printed") from None
        except ValueError:
            raise Refusal(f"expected CUT or CUT@INSTANT as a report printed it, got {name}") from None


async def _authorities(connection: asyncpg.Connection, authority: str, below: bool) -> list[str]:
    """The authority, and those whose codes say that they are below it, as far as they have logs here."""
    from projections import statements
    from projections.process.judging import stem
    from projections.scope import look

    known = [row["authority"] for row in await connection.fetch(statements.load("process", "a")["authorities"])]
    if authority not in known:
        raise Refusal(f"{authority} has no log here: `liuhen authority list` shows those that there are")
    wanted = [one for one in known if one == authority or (below and one.startswith(stem(authority)))]
    await look(connection, wanted)
    return wanted


def _print(made: Report, lang: str) -> None:
    from domain.annual import Elsewhere
    from projections.process import figures, reports

    chinese, place = lang == "zh", 0 if lang == "zh" else 1
    known = figures.figures().by_code
    click.echo(f"{'报告期' if chinese else 'Period'} {made.period.name}  {', '.join(made.authorities)}")
    block = ""
    for of, line in reports.lines(made.kind, place):
        if of != block:
            block = of
            click.echo(f"\n{block}")
        if isinstance(line, Elsewhere):
            told = made.elsewhere(line.code)
            value = made.without(line.code, place) if told is None else shown(told, line.unit, chinese)
            click.echo(f"  {value:>16}  {(line.zh, line.en)[place]} ({(line.zh_how, line.en_how)[place]})")
            continue
        entry = known[line]
        value = shown(made.whole.get(entry.code), reports.unit_of(entry), chinese)
        click.echo(f"  {value:>16}  {entry.zh if chinese else entry.en} ({reports.how(entry, lang)})")
    click.echo(f"\n{'统计时点' if chinese else 'As of'} {made.cut.name}: {_positions(made.cut.vector())}")


def _print_off_system(made: OffSystem, lang: str) -> None:
    from domain import lateness
    from projections.process import off_system as reports

    place = 0 if lang == "zh" else 1
    click.echo(f"{('报告期', 'Period')[place]} {made.period.name}  {', '.join(made.authorities)}")
    for rule in made.rules:
        states = [f"{reports.STATES[state][place]} {number}" for state, number in made.of_rule(rule).items() if number]
        share = reports.per_hundred(reports.standing(made, rule), made.acts)
        held = "" if share is None else f" ({share} {('/ 每百次现场行为', 'for each 100 acts on site')[place]})"
        click.echo(
            f"  {rule}  {reports.NAMES[rule][place]}{('：', ': ')[place]}{('，', ', ')[place].join(states)}{held}"
        )
    for name, one in made.measured.items():
        late = one.classes
        click.echo(
            f"{name}  {('现场行为', 'acts on site')[place]} {one.acts}, "
            + ", ".join(f"{each} {late[each]}" for each in lateness.CLASSES)
            + f", declared {one.declared}"
        )
    if made.unknown:
        click.echo(("尚不清楚的终端：", "Not known, of terminals:")[place])
    for terminal in made.unknown:
        why = ("；", "; ")[place].join(reports.HOLDING[one][place] for one in terminal.why)
        ended = "" if terminal.device.revoked is None else f" ({reports.shown(terminal.device.revoked)})"
        click.echo(f"  {terminal.device.authority} {terminal.device.terminal}  {why}{ended}  {terminal.device.waiting}")
    click.echo(f"{('统计时点', 'As of')[place]} {made.name}: {_positions(reports.own(made))}")


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
