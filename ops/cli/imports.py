"""`liuhen import`: registers that come as tables, checked row by row and recorded as acts of the office.

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
from typing import TYPE_CHECKING, Any, Final

import click

from ops import settings as settings_module
from ops.cli import EXIT_NOT_IN_ORDER, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.imports import Fault, Table
    from ops.settings import Settings
    from schemas.entries import Who
    from server.log.import_acts import Compared

SHOWN: Final = 50
"""Faults that are printed as lines; --json has them all."""

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
    """Take over registers from CSV or XLSX files. 从表格导入监管对象、执法人员和企业自报隐患。"""


def _verb(kind: str, zh: str, en: str) -> None:
    """One subcommand; the three differ in their columns only."""

    def run(ctx: click.Context, **given: Any) -> None:
        _import(ctx, kind, **given)

    run.__doc__ = f"{en} {zh}"
    made: Any = run
    for option in reversed(_options):
        made = option(made)
    command.command(kind, epilog=f"Example: liuhen import {kind} {kind}.csv --authority 210500 --data data --dry-run")(
        made
    )


_verb("enterprises", "导入监管对象（可附监管主体）。", "Import enterprises, with their supervising bodies.")
_verb("officers", "导入执法人员和执法证。", "Import officers with their certificates.")
_verb("hazards", "导入企业自查自报的隐患。", "Import hazards that enterprises reported.")


def _import(
    ctx: click.Context, kind: Any, file: Path, authority: str, data: Path | None, dry_run: bool, skip_faulty: bool,
    system: str, officer: str | None, as_json: bool,
) -> None:  # fmt: skip
    from domain import imports
    from ops import tables

    if not 1 <= len(system) <= 128 or (officer is not None and not 1 <= len(officer) <= 128):
        raise Refusal("expected names of 1 to 128 characters for --system and --officer")
    try:
        sheet, content = tables.read(file)
    except tables.TableRefused as fault:
        raise Refusal(str(fault)) from fault
    table = imports.read_table(kind, sheet.header, sheet.rows, system=system, authority=authority)
    settings = settings_module.load(ctx.find_root().obj, data=data)
    done = Done([], 0)
    beside = settings.data is not None or settings.database_dsn is not None
    if beside:
        who = _who(officer, sha256(content).digest())
        done = asyncio.run(_record(settings, authority, table, who, dry_run, skip_faulty))
    elif not dry_run:
        raise Refusal("name a folder (--data DIR) or an outside database; --dry-run without one checks the rows only")
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

    compared: list[Compared]
    recorded: int

    def counts(self) -> dict[str, int]:
        """How many acts are new, changed, unchanged, refused."""
        return dict(sorted(Counter(one.state for one in self.compared).items()))

    def refused(self) -> list[Fault]:
        """Rows whose content differs from what stands in the log and may not."""
        from domain.imports import Fault

        return [
            Fault(
                one.row.number,
                "",
                "已导入过，内容不同：请更正原记录",
                "it was imported before with other content: correct that record",
            )
            for one in self.compared
            if one.state == "refused"
        ]


async def _record(settings: Settings, authority: str, table: Table, who: Who, dry_run: bool, skip_faulty: bool) -> Done:
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
            return Done(compared, 0)
        try:
            return Done(compared, await import_acts.append(log.committer, authority, compared, who, now_ms()))
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
        click.echo(f"第 {fault.row} 行 {fault.column}{came}：{fault.zh}。{fault.en}.".replace("  ", " "))
    if len(faults) > SHOWN:
        click.echo(f"… {len(faults) - SHOWN} more faults: --json lists all")
    counts = done.counts()
    words = ", ".join(f"{counts[state]} {state}" for state in ("new", "changed", "unchanged") if counts.get(state))
    if not beside:
        words = "not compared with a log"
    end = "dry run, nothing recorded" if dry_run else f"{done.recorded} recorded"
    click.echo(f"{table.rows} rows, {len(faults)} faults; acts: {words or 'none'}; {end}")
    if faults and table.acts and not dry_run and not done.recorded:
        click.echo("nothing was recorded: mend the rows, or give --skip-faulty")
