"""`liuhen import`: registers that come as tables and rules of an authority's own, checked and recorded as its acts.

Invariant: a file with a fault records nothing unless the user asks for the rows without one, and the same file again
records nothing new.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ops import settings as settings_module
from ops.cli import EXIT_NOT_IN_ORDER, Refusal

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence
    from datetime import datetime

    from domain.imports import Fault, Table
    from domain.plan_table import PlanTable
    from ops.outside import Told, Wanted
    from ops.planning import Asked, Revised, State
    from ops.settings import Settings
    from schemas.entries import Who
    from server.log.import_acts import Compared

Came = TypeVar("Came")
LARGEST: Final = 1024 * 1024
"""Bytes of a file of rules: all rules of the package are a tenth of it."""

SHOWN: Final = 50
"""Faults that are printed as lines; --json has them all."""

BOOKS: Final = (
    "receipts", "documents", "complaints", "court", "reconsideration", "visit_log", "credit", "cameras",
    "tickets",
)  # fmt: skip
"""Kinds of books of others; a test compares them with those of the events."""
NO_DATABASE: Final = "name a folder (--data DIR) or an outside database; --dry-run without one checks the rows only"

_options: Final[list[Any]] = [
    click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False)),
    click.option("--authority", required=True, help="Code of the authority whose log the acts go to."),
    click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database."),
    click.option("--dry-run", is_flag=True, help="Say what would be recorded, record nothing."),
    click.option("--skip-faulty", is_flag=True, help="Record the rows without a fault although others have one."),
    click.option("--system", default="file", show_default=True, help="Name of the system that the table comes from."),
    click.option("--officer", help="Id of the officer who answers for the import."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines."),
    click.pass_context,
]


@click.group(epilog="Example: liuhen import enterprises list.csv --authority 210500 --data data --dry-run")
def command() -> None:
    """Take over registers and plans from CSV or XLSX, rules from TOML. 导入监管对象、人员、隐患、计划、规则。"""


def _columns(kind: Any) -> Any:
    """The option that tells which columns a table of a kind may have, and ends."""

    def tell(ctx: click.Context, _: click.Parameter, given: bool) -> None:
        if not given:
            return
        from domain.imports import columns_of

        for column in columns_of(kind):
            needed = "  必填 required" if column.needed else ""
            hint = column.expected()
            expected = f"  {hint.zh}  {hint.en}" if hint else ""
            click.echo(f"{'、'.join(column.zh)}  {column.name}{needed}{expected}")
        ctx.exit(0)

    return click.option(
        "--columns", is_flag=True, is_eager=True, expose_value=False, callback=tell,
        help="List the columns that the table may have, and end.",
    )  # fmt: skip


def _verb(kind: str, zh: str, en: str) -> None:
    """One subcommand; the three differ in their columns only."""

    def run(ctx: click.Context, **given: Any) -> None:
        _import(ctx, kind, **given)

    run.__doc__ = f"{en} {zh}"
    made: Any = run
    for option in reversed((*_options, _columns(kind))):
        made = option(made)
    command.command(kind, epilog=f"Example: liuhen import {kind} {kind}.csv --authority 210500 --data data --dry-run")(
        made
    )


_verb("enterprises", "导入监管对象（可附监管主体）。", "Import enterprises, with their supervising bodies.")
_verb("officers", "导入执法人员和执法证。", "Import officers with their certificates.")
_verb("hazards", "导入企业自查自报的隐患。", "Import hazards that enterprises reported.")


@command.command("rules", epilog="Example: liuhen import rules rules.toml --authority 210500 --data data --dry-run")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--authority", required=True, help="Code of the authority that publishes, in whose log the acts stand.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option("--dry-run", is_flag=True, help="Say what would be recorded, record nothing.")
@click.option("--officer", help="Id of the officer who answers for the publication.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def rules(
    ctx: click.Context, file: Path, authority: str, data: Path | None, dry_run: bool, officer: str | None, as_json: bool
) -> None:
    """Publish rules and holidays of an authority's own, in the form of domain/rules. 发布本机关的期限、清单和日历。"""
    from domain import import_rules
    from projections import rulefiles

    _check_names(officer)
    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Refusal(f"{file.name} is larger than {LARGEST // 1024} KiB: split it")
    book, calendar = rulefiles.load()
    table = import_rules.read_rules(content, authority=authority, book=book, calendar=calendar)
    _carry_out(ctx, "rules", file, content, table, authority, data, dry_run, False, officer, as_json)


@command.command(
    "ledger", epilog="Example: liuhen import ledger piao.xlsx --kind receipts --authority 210500 --dry-run"
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--kind",
    required=True,
    type=click.Choice(
        ["receipts", "documents", "complaints", "court", "reconsideration", "visit_log", "credit", "cameras", "tickets"]
    ),
    help="Kind of the book: receipts, documents sent out, complaints, dockets, visits, credit, cameras, ticket books.",
)
@click.option("--authority", required=True, help="Code of the authority whose log the rows go to.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option("--source", default="file", show_default=True, help="Whose book it is, in a few words.")
@click.option("--mapping", default="", help="Name of a saved mapping of columns.")
@click.option("--map", "mapped", multiple=True, help="One column, TITLE=FIELD or TITLE=amount 万元; may be repeated.")
@click.option("--save-mapping", default="", help="Save the columns of --map under this name, as its next version.")
@click.option("--unit", type=click.Choice(["元", "万元", "亿元"]), help="Unit of amounts that name none.")
@click.option("--dry-run", is_flag=True, help="Say what would be recorded, record nothing.")
@click.option("--skip-faulty", is_flag=True, help="Record the rows without a fault although others have one.")
@click.option("--officer", help="Id of the officer who answers for the import.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def ledger(ctx: click.Context, /, file: Path, data: Path | None, **given: Any) -> None:
    """Take over a book that others keep, to be held against the log. 导入外部台账（票据、登记簿、热线等）供核对。"""
    from ops import outside

    _check_names(given["source"], given["officer"], given["mapping"] or None, given["save_mapping"] or None)
    kind = outside.kind_of(given["kind"])
    assert kind is not None  # click.Choice
    try:
        columns = outside.columns_of("\n".join(given["mapped"]))
    except ValueError as fault:
        raise Refusal(
            f"expected columns such as `--map 票号=reference --map 金额=amount\u00a0元`, each field once; came {fault}"
        ) from None
    wanted = outside.Wanted(kind, given["source"], given["mapping"], columns, given["unit"] or "")
    settings = settings_module.load(ctx.find_root().obj, data=data)
    beside = settings.data is not None or settings.database_dsn is not None
    if not beside and (not given["dry_run"] or given["mapping"]):
        raise Refusal(NO_DATABASE)
    told = asyncio.run(_take(settings, file, wanted, beside, given))
    _tell_ledger(told, beside, **given)
    if told.faults:
        ctx.exit(EXIT_NOT_IN_ORDER)


async def _take(settings: Settings, file: Path, wanted: Wanted, beside: bool, given: dict[str, Any]) -> Told:
    from ops import outside, tables
    from ops.cli.progress import progress
    from ops.compose import open_database, open_log
    from ops.faces import make_uploads
    from ops.tables import TableRefused
    from schemas.problems import Problem
    from server.log import store

    bar = progress(given["as_json"])
    try:
        if not beside:
            return await outside.check(file, wanted, progress=bar)
        who = _who(given["officer"], tables.digest(file)[0])
        async with open_database(settings) as database, open_log(settings, database) as log:
            if not await log.pool.fetch(store.load_queries("server.log", "log.sql")["logs_of"], given["authority"]):
                raise Refusal(
                    f"{given['authority']} has no log here: `liuhen authority list` shows those that there are"
                )
            ledgers = outside.OutsideLedgers(log.committer, log.pool, make_uploads(settings, log).store)
            told = await ledgers.take(
                given["authority"], file, wanted, who,
                dry_run=given["dry_run"], skip_faulty=given["skip_faulty"], progress=bar,
            )  # fmt: skip
            if given["save_mapping"] and wanted.columns and not given["dry_run"]:
                await ledgers.save_columns(given["authority"], wanted.kind, given["save_mapping"], wanted.columns, who)
            return told
    except TableRefused as fault:
        raise Refusal(str(fault)) from fault
    except Problem as fault:
        raise Refusal(f"refused ({fault}): run the same command again, what stands there stays") from fault


def _tell_ledger(told: Told, beside: bool, *, as_json: bool, dry_run: bool, **_: Any) -> None:
    if as_json:
        outcome = {
            "kind": told.kind,
            "file": told.file,
            "form": told.form,
            "encoding": told.encoding,
            "columns": {one.title: one.field for one in told.columns},
            "rows": told.rows,
            "counts": told.counts(),
            "months": told.months,
            "persons": told.persons,
            "totals": told.totals,
            "recorded": told.recorded,
            "dry_run": dry_run,
            "compared": beside,
            "faults": [_public(fault) for fault in told.faults],
            "more_faults": told.more,
        }
        click.echo(json.dumps(outcome, ensure_ascii=False))
        return
    for fault in told.faults[:SHOWN]:
        came = f"（{fault.came}）" if fault.came else ""
        column = f" {fault.column}" if fault.column else ""
        click.echo(f"第 {fault.row} 行{column}{came}：{fault.zh}。{fault.en}.")
    if len(told.faults) + told.more > SHOWN:
        click.echo(f"… {len(told.faults) + told.more - SHOWN} more faults: --json lists more")
    if told.columns:
        click.echo("read as: " + ", ".join(f"{one.title} → {one.field}" for one in told.columns))
    if told.persons:
        click.echo(f"{told.persons} cells name persons and were passed over")
    counts = ", ".join(f"{number} {state}" for state, number in told.counts().items())
    words = counts if beside else f"{counts} (not compared with a log)"
    end = "dry run, nothing recorded" if dry_run else f"{told.recorded} acts recorded"
    click.echo(f"{told.rows} rows: {words}; {end}")
    if told.faults and told.new and not dry_run and not told.recorded:
        click.echo("nothing was recorded: mend the rows, or give --skip-faulty")


def _tell_plan_columns(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    """The option that tells what a plan may have, and ends."""
    if not given:
        return
    from domain.plan_capacity import NON, OTHER
    from domain.plan_table import COLUMNS

    for column in COLUMNS:
        hint = column.expected()
        expected = f"  {hint.zh}  {hint.en}" if hint else ""
        click.echo(f"{'、'.join(column.zh)}  {column.name}{expected}")
    for one in (*OTHER, *NON):
        click.echo(f"{one.zh}  {one.en}")
    ctx.exit(0)


@command.command(
    "plan", epilog="Example: liuhen import plan p.xlsx --authority 210500 --year 2026 --data data --dry-run"
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--authority", required=True, help="Code of the authority whose plan it is.")
@click.option("--year", required=True, type=click.IntRange(2000, 2199), help="Year of the plan.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option("--dry-run", is_flag=True, help="Say what is wrong and what would be recorded, record nothing.")
@click.option("--officer", help="Id of the officer who answers for the draft, or who decided the revision.")
@click.option("--revision", is_flag=True, help="The table is the approved plan as it shall be: decide what differs.")
@click.option("--decided-on", type=click.DateTime(["%Y-%m-%d"]), help="Day on which the revision was decided.")
@click.option("--reason", help="Why the plan is revised; also of changes without a reason of their own.")
@click.option("--major", is_flag=True, help="Treat the revision as major in any case.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.option(
    "--columns",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_plan_columns,
    help="List the columns and figures, and end.",
)
@click.pass_context
def plan(
    ctx: click.Context, /, file: Path, authority: str, year: int, data: Path | None, dry_run: bool, officer: str | None,
    as_json: bool, **told: Any,
) -> None:  # fmt: skip
    """Record the draft of an annual plan from XLSX or CSV, or a revision of the approved plan (--revision).

    The file is kept. 导入年度监督检查计划草案，或者已批准计划的调整。
    """
    from domain.plan_table import read_plan
    from ops import planning, tables

    _check_names(officer)
    asked = _revision(officer, **told)
    try:
        sheets, content = tables.read_all(file)
    except tables.TableRefused as fault:
        raise Refusal(str(fault)) from fault
    rows = [(one.title, one.rows) for one in sheets]
    table = read_plan(rows, year=year, authority=authority, revised=asked is not None)
    settings = settings_module.load(ctx.find_root().obj, data=data)
    beside = settings.data is not None or settings.database_dsn is not None
    if asked is not None and not beside:
        raise Refusal("name a folder (--data DIR) or an outside database: a revision is held against the plan in force")
    given = planning.File(content, file.name, sha256(content).digest())
    who = _who(officer, given.digest)
    state: State = "faulty" if table.faults else "dry run"
    revised = None
    if asked is not None:
        revised = _reached(planning.revise(settings, authority, table, year, given, who, asked, dry_run=dry_run))
        state = revised.state
    elif not table.faults and not dry_run:
        if not beside:
            raise Refusal(NO_DATABASE)
        state = _reached(planning.draft(settings, authority, table, year, given, who))
    lines = _arithmetic(table, year, authority)
    if as_json:
        outcome = {
            "kind": "plan", "file": file.name, "year": year, "items": len(table.items), "left_out": len(table.left_out),
            "state": state, "faults": [_public(fault) for fault in table.faults],
            "notes": [_public(fault) for fault in table.notes], "arithmetic": lines,
        }  # fmt: skip
        if revised is not None:
            outcome["revision"] = _differences(revised)
        click.echo(json.dumps(outcome, ensure_ascii=False))
    else:
        _tell_plan(table, lines, state, revised)
    if table.faults:
        ctx.exit(EXIT_NOT_IN_ORDER)


def _revision(
    officer: str | None, *, revision: bool, decided_on: datetime | None, reason: str | None, major: bool
) -> Asked | None:
    """What the options say of a revision; None of a draft."""
    from domain.plan_difference import MOST_REASON
    from ops.planning import Asked

    if not revision:
        if decided_on is not None or reason is not None or major:
            raise Refusal("--decided-on, --reason and --major are of a revision: give --revision as well")
        return None
    reason = (reason or "").strip()
    if decided_on is None or officer is None or not 1 <= len(reason) <= MOST_REASON:
        raise Refusal(
            f"a revision needs --decided-on YYYY-MM-DD, --reason of at most {MOST_REASON} characters and --officer, "
            "the id of who decided it"
        )
    return Asked(decided_on.date(), reason, major)


def _reached(work: Coroutine[Any, Any, Came]) -> Came:
    """What came of work on the log; what it refuses is told whole, closed gates with what would lift them."""
    from ops.planning import NoLog
    from schemas.problems import Problem

    try:
        return asyncio.run(work)
    except NoLog as fault:
        raise Refusal(f"{fault} has no log here: `liuhen authority list` shows those that there are") from fault
    except Problem as fault:
        told: Any = fault.fields.get("gates", ())
        gates = "".join(
            f"\n{one['rule']}: {one['zh']}{one['lift']['zh']}\n{one['en']} {one['lift']['en']}" for one in told
        )
        raise Refusal(f"{fault.fields.get('zh', '')}{fault}{gates}") from fault


def _tell_plan(table: PlanTable, lines: list[dict[str, Any]], state: str, revised: Revised | None) -> None:
    from domain.plan_capacity import mended

    for one in [*table.notes[:SHOWN], *table.faults[:SHOWN]]:
        came = f"（{one.came}）" if one.came else ""
        place = f"第 {one.row} 行" if one.row else "文件"
        click.echo(f"{place} {one.column}{came}：{one.zh}。{one.en}.")
    for line in lines:
        if not line["fits"]:
            click.echo(
                f"算式 {line['zh']}：印作 {line['printed']}，按数字为 {line['given']}。"
                f"{line['en']}: printed {line['printed']}, the numbers make {line['given']}."
            )
            for number in mended(line):
                click.echo(
                    f"  {number['zh']} {number['typed']} → {number['would']} 则成立。"
                    f"{number['en'] or number['typed']}: it would come out with {number['would']}."
                )
    if revised is not None and not table.faults:
        _tell_differences(_differences(revised))
    click.echo(
        f"{len(table.items)} items, {len(table.left_out)} left out, {len(table.faults)} faults; "
        f"{sum(not line['fits'] for line in lines)} calculations do not come out; {state}"
    )
    if table.faults:
        click.echo("nothing was recorded: mend the rows")


def _differences(revised: Revised) -> dict[str, Any]:
    """What differs from the plan in force, as --json has it."""
    found = revised.found
    return {
        "major": revised.major,
        **{action: found.count(action) for action in ("added", "removed", "changed")},
        "same": found.same,
        "changes": [
            {
                "row": one.row, "action": one.change.action, "enterprise": one.change.item.enterprise_id,
                "kind": one.change.item.kind, "reason": one.change.reason,
                "fields": [{"field": name, "before": old, "after": new} for name, old, new in one.fields],
            }
            for one in found.rows
        ],
        "days": [{"zh": one.zh, "en": one.en, "before": one.before, "after": one.after} for one in found.days],
    }  # fmt: skip


def _tell_differences(told: dict[str, Any]) -> None:
    zh = {"added": "新增", "removed": "取消", "changed": "变更"}
    for one in told["changes"][:SHOWN]:
        what = "；".join(f"{field['field']} {field['before']} → {field['after']}" for field in one["fields"])
        click.echo(
            f"第 {one['row']} 行 {zh[one['action']]} {one['action']} {one['enterprise']} {one['kind']}"
            + (f" {what}" if what else "") + f"：{one['reason']}"
        )  # fmt: skip
    if len(told["changes"]) > SHOWN:
        click.echo(f"… {len(told['changes']) - SHOWN} more changes: --json lists all")
    for day in told["days"]:
        click.echo(f"{day['zh']} {day['en']} {day['before'] or '–'} → {day['after'] or '–'}")
    click.echo(
        f"{told['added']} added, {told['removed']} removed, {told['changed']} changed, {told['same']} the same"
        + {
            None: "",
            True: "; 重大调整，重新批准后生效 major: it holds when it is approved again, within 30 days",
            False: "; 非重大调整，即时生效 minor: it holds at once",
        }[told["major"]]
    )


def _arithmetic(table: PlanTable, year: int, authority: str) -> list[dict[str, Any]]:
    """The calculations of a plan, by the calendar of the program."""
    from domain.plan_capacity import capacity, shown
    from projections import rulefiles

    _, calendar = rulefiles.load()
    return [shown(line) for line in capacity(table.figures, table.items, year, calendar, authority).lines]


def _import(
    ctx: click.Context, kind: Any, file: Path, authority: str, data: Path | None, dry_run: bool, skip_faulty: bool,
    system: str, officer: str | None, as_json: bool,
) -> None:  # fmt: skip
    from domain import imports
    from ops import tables

    _check_names(system, officer)
    try:
        sheet, content = tables.read(file)
    except tables.TableRefused as fault:
        raise Refusal(str(fault)) from fault
    table = imports.read_table(kind, sheet.header, sheet.rows, system=system, authority=authority)
    _carry_out(ctx, kind, file, content, table, authority, data, dry_run, skip_faulty, officer, as_json)


def _check_names(*names: str | None) -> None:
    if any(name is not None and not 1 <= len(name) <= 128 for name in names):
        raise Refusal("expected names of 1 to 128 characters for --system and --officer")


def _carry_out(
    ctx: click.Context, kind: str, file: Path, content: bytes, table: Table, authority: str, data: Path | None,
    dry_run: bool, skip_faulty: bool, officer: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare what was read with the log, record it unless something stands against it, and tell."""
    settings = settings_module.load(ctx.find_root().obj, data=data)
    done = Done(kind, [], 0)
    beside = settings.data is not None or settings.database_dsn is not None
    if beside:
        who = _who(officer, sha256(content).digest())
        done = asyncio.run(_record(settings, kind, authority, table, who, dry_run, skip_faulty))
    elif not dry_run:
        raise Refusal(NO_DATABASE)
    faults = sorted([*table.faults, *done.refused()], key=lambda fault: fault.row)
    if as_json:
        outcome = {
            "kind": kind,
            "file": file.name,
            "rows": table.rows,
            "acts": done.counts() if beside else None,
            "recorded": done.recorded,
            "dry_run": dry_run,
            "faults": [_public(fault) for fault in faults],
            "notes": [_public(fault) for fault in table.notes],
        }
        click.echo(json.dumps(outcome, ensure_ascii=False))
    else:
        _tell(table, done, faults, beside, dry_run)
    if faults:
        ctx.exit(EXIT_NOT_IN_ORDER)


@dataclass(frozen=True, slots=True)
class Done:
    """The rows beside the log, and how many acts were recorded."""

    kind: str
    compared: list[Compared]
    recorded: int

    def counts(self) -> dict[str, int]:
        """How many acts are new, changed, unchanged, refused."""
        return dict(sorted(Counter(one.state for one in self.compared).items()))

    def refused(self) -> list[Fault]:
        """Rows whose content differs from what stands in the log and may not."""
        from domain.imports import Fault

        zh, en = "已导入过，内容不同：请更正原记录", "it was imported before with other content: correct that record"
        if self.kind == "rules":
            zh = "这一版本已发布，内容不同：请另写一个 version"
            en = "this version was published with other content: give the file another `version`"
        return [Fault(one.row.number, "", zh, en) for one in self.compared if one.state == "refused"]


async def _record(
    settings: Settings, kind: str, authority: str, table: Table, who: Who, dry_run: bool, skip_faulty: bool
) -> Done:
    """Compare the rows with the log, and append what is new unless something stands against it."""
    from ops.compose import open_database, open_log
    from schemas.problems import Problem
    from server.log import import_acts, store
    from server.log.ids import now_ms

    async with open_database(settings) as database, open_log(settings, database) as log:
        if not await log.pool.fetch(store.load_queries("server.log", "log.sql")["logs_of"], authority):
            raise Refusal(f"{authority} has no log here: `liuhen authority list` shows those that there are")
        rows = [import_acts.Row(act.row, act.type, act.about, act.body, act.origin, act.once) for act in table.acts]
        compared = await import_acts.compare(log.pool, authority, rows)
        faulty = bool(table.faults) or any(one.state == "refused" for one in compared)
        if dry_run or (faulty and not skip_faulty):
            return Done(kind, compared, 0)
        try:
            return Done(kind, compared, await import_acts.append(log.committer, authority, compared, who, now_ms()))
        except Problem as fault:
            raise Refusal(f"the log refused ({fault}): run the same command again, what stands there stays") from fault


def _who(officer: str | None, digest: bytes) -> Who:
    """Who answers for it; the session is the digest of the file, so that the file can be shown to be the one."""
    from schemas.entries import Who

    if officer is None:
        return Who(service="import", session=digest, via="import")
    return Who(officer=officer, session=digest, via="import")


def _public(fault: Fault) -> dict[str, Any]:
    return {
        "row": fault.row,
        "column": fault.column,
        "expected": {"zh": fault.zh, "en": fault.en},
        "came": fault.came,
    }


def _tell(table: Table, done: Done, faults: Sequence[Fault], beside: bool, dry_run: bool) -> None:
    for fault in [*table.notes[:SHOWN], *faults[:SHOWN]]:
        came = f"（{fault.came}）" if fault.came else ""
        place = "文件" if not fault.row else f"第 {fault.row} {'条' if done.kind == 'rules' else '行'}"
        column = f" {fault.column}" if fault.column else ""
        click.echo(f"{place}{column}{came}：{fault.zh}。{fault.en}.")
    if len(faults) > SHOWN:
        click.echo(f"… {len(faults) - SHOWN} more faults: --json lists all")
    counts = done.counts()
    words = ", ".join(f"{counts[state]} {state}" for state in ("new", "changed", "unchanged") if counts.get(state))
    if not beside:
        words = "not compared with a log"
    end = "dry run, nothing recorded" if dry_run else f"{done.recorded} recorded"
    rows = "entries" if done.kind == "rules" else "rows"
    click.echo(f"{table.rows} {rows}, {len(faults)} faults; acts: {words or 'none'}; {end}")
    if faults and (table.acts or done.kind == "rules") and not dry_run and not done.recorded:
        skip = "" if done.kind == "rules" else ", or give --skip-faulty"
        click.echo(f"nothing was recorded: mend the {rows}{skip}")
