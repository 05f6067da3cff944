"""A draw beside the annual plan of its year: whose inspection can be assigned, and what is to be done for the others.

An inspection is assigned from an item of the plan, so who was drawn and is not in it has to be put into it first: by
the draft while there is one, by a revision after the approval. Forms and table are offered filled in; the invariant:
nothing here changes a plan, and what the form says is decided by who sends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote, urlencode
from uuid import UUID

import asyncpg
from aiohttp import web

from domain.office import offers
from domain.office.plans import item_id
from domain.office.refusals import refused
from projections import draws as asked
from projections.process import queries
from schemas.draws import Drawn
from schemas.events.plan import PlanItem
from server.console.access import scope
from server.console.act_forms import CHANGE_ROWS
from server.console.frame import texts_of
from server.console.plans import may_draft
from server.log.ids import now_ms
from server.web.app import SERVICES, person_of

Standing: TypeAlias = Literal["none", "drafted", "open", "waits", "closed"]
"""How the plan stands: there is none; a draft; in force; in force with a major revision that waits; closed."""
OPEN_STATES: Final = ("planned", "cancelled")
"""States of an item that nobody has been given, or not any more."""
MOST_REASON: Final = 200
"""Characters that an address fills a field with."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The plan of a draw's year: `items` of it by enterprise, `waiting` those that a revision adds once approved."""

    standing: Standing = "none"
    key: str = ""
    items: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()


async def plan_of(connection: asyncpg.Connection, row: asked.DrawRow) -> Beside:
    """The plan of the year of a draw, as it stands: the approved one before a draft."""
    found = await queries.list_matters(connection, "plan", as_of=now_ms(), where={"year": row.draws_on.year})
    mine = [one for one in found.rows if one.authority == row.authority]
    mine.sort(key=lambda one: ("approved", "filed", "closed", "drafted").index(one.stage))
    whole = None if not mine else await queries.matter(connection, "plan", mine[0].key, as_of=now_ms())
    if whole is None:
        return Beside()
    items: dict[str, Mapping[str, Any]] = {}
    for item in whole.page["items"]:
        items.setdefault(item["enterprise"], {**item, "plan": mine[0].key})
    stage = mine[0].stage
    if stage in ("drafted", "closed"):
        return Beside("drafted" if stage == "drafted" else "closed", mine[0].key, items)
    waits = [one for one in whole.page["revisions"] if one["major"] and one["approved_on"] is None]
    added = (change["enterprise"] for one in waits for change in one["what"] if change["action"] == "added")
    return Beside("waits" if waits else "open", mine[0].key, items, frozenset(added))


def assignments(request: web.Request, row: asked.DrawRow, plan: Beside, drawn: Drawn | None) -> dict[str, str]:
    """{enterprise: the form that gives its item to the officers who were drawn}, for heads, where nobody has it yet."""
    if drawn is None or plan.standing not in ("open", "waits") or request.app[SERVICES].desk is None:
        return {}
    if not person_of(request).may(offers.OTHER_ROLES["plan"]["assign"]):
        return {}
    found = {}
    for team in drawn.teams:
        item = plan.items.get(team.enterprise)
        if item is None or item["state"] not in OPEN_STATES:
            continue
        told = {
            "item": str(UUID(hex=item["item"])), "draw": str(row.draw), "scheme": item.get("method") or row.title,
            **{f"officer_{at}": one for at, one in enumerate(team.officers)},
        }  # fmt: skip
        found[team.enterprise] = f"/plans/{quote(plan.key)}/acts/assign?{urlencode(told)}"
    return found


def unplanned(request: web.Request, row: asked.DrawRow, plan: Beside, drawn: Drawn | None) -> dict[str, Any]:
    """Who was drawn and is not in the plan, what stands against assigning them, and the form that adds them.

    `form` is "" for who may not plan, and where a form has too few rows: then `table` is the plan with all of them.
    """
    teams = () if drawn is None else drawn.teams
    missing = [team.enterprise for team in teams if team.enterprise not in plan.items]
    told: dict[str, Any] = {"missing": missing, "standing": plan.standing, "key": plan.key, "form": "", "table": ""}
    asked_for = [one for one in missing if one not in plan.waiting]
    if not asked_for or plan.standing not in ("drafted", "open") or not may_draft(request):
        return told
    if len(asked_for) <= CHANGE_ROWS:
        act = "change" if plan.standing == "drafted" else "revise"
        fields = _filled(asked_for, row, reason_of(request, row))
        return told | {"form": f"/plans/{quote(plan.key)}/acts/{act}?{urlencode(fields)}"}
    return told | {"table": f"/plans/{quote(plan.key)}/table?{urlencode({'draw': str(row.draw)})}"}


def reason_of(request: web.Request, row: asked.DrawRow) -> str:
    """Why a draw changes the plan, in the words that a form proposes."""
    said = texts_of(request).gettext("Drawn at random on %(day)s, not in the plan: %(title)s")
    return str(said % {"day": row.draws_on, "title": row.title})[:MOST_REASON]


async def added(request: web.Request, draw: UUID, year: int, planned: Sequence[PlanItem]) -> tuple[list[PlanItem], str]:
    """Items for who was drawn and is not planned, as a table is filled with them, and why. Raises Problem not_found."""
    service = request.app[SERVICES].draws
    if service is None:
        raise refused("not_ready", "本服务器只供查阅。", "this server only reads")
    async with scope(request, own=True) as connection:
        row = await asked.one(connection, draw)
    if row is None:
        raise refused("not_found", "没有这个编号的抽取。", "there is no draw of this id")
    standing = await service.look(row.authority, draw)
    if standing.selection.revealed is None or row.draws_on.year != year:
        raise refused("not_found", "这次抽取没有本年度计划的对象。", "this draw names nobody for the plan of this year")
    known = {item.enterprise_id for item in planned}
    items = [
        PlanItem(
            item_id=item_id(row.authority, year, team.enterprise), enterprise_id=team.enterprise, kind="general",
            quarter=_quarter(row), visits=1,
        )
        for team in standing.drawn.teams
        if team.enterprise not in known
    ]  # fmt: skip
    return items, reason_of(request, row)


def _filled(enterprises: Sequence[str], row: asked.DrawRow, reason: str) -> dict[str, str]:
    """The fields of a change of the plan: drawn enterprises are general inspections (handbook 6.2)."""
    fields = {"reason": reason}
    for at, one in enumerate(enterprises):
        fields |= {
            f"action_{at}": "added", f"enterprise_{at}": one, f"kind_{at}": "general",
            f"quarter_{at}": str(_quarter(row)), f"visits_{at}": "1", f"reason_{at}": reason,
        }  # fmt: skip
    return fields


def _quarter(row: asked.DrawRow) -> int:
    return (row.draws_on.month + 2) // 3
