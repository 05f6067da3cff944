"""Annual plans that come as tables on the command line: the draft of a year, or a revision of the plan in force.

What the page of the plan does with a table is done here with the same functions, so that both find the same faults.
Invariant: the file is durable before an act cites it, and a dry run keeps and records nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import asyncpg

from domain.judges.plan import Plan
from domain.office.commands import DraftPlan
from domain.office.plans import plan_key, revisable
from domain.plan_difference import Difference, beside_plan, revision
from domain.plan_table import PlanTable, beside_register
from ops.compose import open_database, open_log
from ops.faces import make_store
from ops.settings import Settings
from projections.process import planning
from schemas.entries import Who
from schemas.events.plan import PlanFile, PlanRevisionDecided
from schemas.problems import Problem
from server.evidence.office_files import OfficeFiles, media_type
from server.log import store
from server.log.desk import Desk
from server.log.ids import uuid7
from server.log.number_acts import NumberActs

State: TypeAlias = Literal["faulty", "dry run", "unchanged", "recorded"]
ROLES: Final = frozenset({"planner"})


@dataclass(frozen=True, slots=True)
class File:
    """The file that a table came in."""

    data: bytes
    name: str
    digest: bytes

    @property
    def cited(self) -> PlanFile:
        """As an act cites it."""
        return PlanFile(sha256=self.digest, name=self.name[:128], size=len(self.data))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a revision says beside its table: when and why it was decided, whether it is major in any case."""

    decided_on: datetime.date
    reason: str
    major: bool


@dataclass(frozen=True, slots=True)
class Revised:
    """What came of a revision; `major` is None where nothing was decided or would be."""

    state: State
    found: Difference
    major: bool | None = None


class NoLog(Exception):
    """The authority has no log here."""


async def draft(settings: Settings, authority: str, table: PlanTable, year: int, file: File, who: Who) -> State:
    """Keep the file and record the draft: "unchanged" where the newest draft says the same. Raises Problem, NoLog."""
    command = DraftPlan(
        year=year, items=tuple(table.items), left_out=tuple(table.left_out), figures=table.figures, file=file.cited
    )
    async with _opened(settings, authority) as (desk, files, _):
        await files.keep(authority, file.data, media_type(file.data))
        try:
            await desk.do(authority, "plan", plan_key(authority, year), command, who, ROLES, act=uuid7())
        except Problem as fault:
            if fault.fields.get("same"):
                return "unchanged"
            raise
    return "recorded"


async def revise(
    settings: Settings, authority: str, table: PlanTable, year: int, file: File, who: Who, asked: Asked, *,
    dry_run: bool,
) -> Revised:  # fmt: skip
    """Hold the table against the plan in force and decide the difference, on the plan as it was held against.

    Faults and notes that come of it are added to the table. Raises Problem, NoLog.
    """
    key = plan_key(authority, year)
    async with _opened(settings, authority) as (desk, files, pool):
        stands = await desk.stand(authority, "plan", key)
        plan = Plan(stands.matter)
        revisable(plan)
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            table.notes += beside_register(table, await planning.called(connection, authority))
        found = beside_plan(table, plan, asked.reason)
        if not table.faults:
            table.faults += found.faults
        if table.faults:
            return Revised("faulty", found)
        command = revision(
            found, file.cited, decided_on=asked.decided_on, reason=asked.reason, major=asked.major
        )  # fmt: skip
        try:
            body = await desk.weigh(authority, "plan", key, command, who, ROLES)
            if not dry_run:
                await files.keep(authority, file.data, media_type(file.data))
                done = await desk.do(authority, "plan", key, command, who, ROLES, act=uuid7(), seen=stands.stamp)
                body = done.body
        except Problem as fault:
            if fault.fields.get("same"):
                return Revised("unchanged", found)
            raise
    assert isinstance(body, PlanRevisionDecided)
    return Revised("dry run" if dry_run else "recorded", found, body.major is True)


@asynccontextmanager
async def _opened(settings: Settings, authority: str) -> AsyncIterator[tuple[Desk, OfficeFiles, asyncpg.Pool]]:
    async with open_database(settings) as database, open_log(settings, database) as log:
        if not await log.pool.fetch(store.load_queries("server.log", "log.sql")["logs_of"], authority):
            raise NoLog(authority)
        desk = Desk(log.committer, log.pool, NumberActs(log.committer, log.pool))
        yield desk, OfficeFiles(make_store(settings), log.pool), log.pool
