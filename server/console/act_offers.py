"""What the forms of acts offer to choose from: officers, enterprises, units, supervising bodies, each with its name.

Whatever is typed is possible as well, and checked against the register where a slip would give a task to nobody or put
an enterprise into a plan that does not exist. The invariant: only what the person's own authority may see is offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from domain.judges.enterprise import supervisions
from domain.judges.plan import Plan
from domain.matter import Matter
from domain.office import commands as ask
from domain.office.refusals import wrong
from projections import draws
from projections.process import queries
from projections.process.names import names, registered
from projections.process.views import MatterRow
from schemas.problems import Problem
from server.console.access import scope
from server.console.act_forms import Form
from server.console.frame import texts_of
from server.log.ids import now_ms
from server.web.app import SERVICES, person_of
from server.web.i18n import N_

MOST: Final = 2_000
"""Enterprises that are offered; any other one can be typed."""
SHOWN: Final = 5
IN_PLAN: Final = {"key": N_("in the plan, key"), "general": N_("in the plan, general")}


async def offered(request: web.Request, form: Form, matter: Matter | None) -> dict[str, Any]:
    """The lists of a form by name, each of (value, label); officers as the rows of their register."""
    kinds = {field.kind for field in form.fields}
    wanted = {field.offers for field in form.fields}
    officers: Sequence[MatterRow] = ()
    enterprises: list[tuple[str, str]] = []
    if kinds & {"opinions", "officers"} or "units" in wanted or any(field.officer for field in form.fields):
        async with scope(request, own=True) as connection:
            found = await queries.list_matters(connection, "officer", as_of=now_ms(), limit=queries.MAX_ROWS)
        officers = found.rows
    if "changes" in kinds or "enterprises" in wanted:
        enterprises = await _enterprises(request, matter)
    units = sorted({str(unit) for one in officers if (unit := one.columns.get("unit"))}) if "units" in wanted else []
    return {
        "officers": officers, "enterprises": enterprises, "units": units,
        "agencies": _agencies(request, matter) if "agencies" in wanted else [],
    }  # fmt: skip


async def check(request: web.Request, key: str, command: ask.Command) -> None:
    """Whether the register has whom a command sends, what it puts into a plan, and whether a draw named whom it says.

    `key` is that of the matter. Raises Problem bad_request.
    """
    match command:
        case ask.AssignItem():
            unknown = await _unknown(request, "officer", command.officers)
            if unknown:
                raise wrong(
                    "officers", f"执法人员名册中没有 {'、'.join(unknown)}；请从名册中选择。",
                    f"the register of officers does not have {', '.join(unknown)}: choose from the register",
                )  # fmt: skip
            if command.draw is not None:
                await _as_drawn(request, key, command, command.draw)
        case ask.ChangeDraft() | ask.RevisePlan():
            added = [one.enterprise for one in command.changes if one.action == "added"]
            unknown = await _unknown(request, "enterprise", added)
            if unknown:
                raise wrong(
                    "changes", f"一企一档中没有 {'、'.join(unknown)}；请从列出的单位中选择，或者先建档。",
                    f"the register of enterprises does not have {', '.join(unknown)}: choose one that is offered, or "
                    "enter it first",
                )  # fmt: skip
        case _:
            return


async def _as_drawn(request: web.Request, key: str, command: ask.AssignItem, draw: str) -> None:
    """A task of a draw goes to those who were drawn for that enterprise, or says why others are sent."""
    services, person = request.app[SERVICES], person_of(request)
    if services.draws is None or services.desk is None:
        raise Problem("not_ready", "this server only reads")
    standing = await services.draws.look(person.authority, UUID(draw))
    plan = Plan((await services.desk.stand(person, "plan", key)).matter)
    item = plan.items().get(UUID(command.item).bytes)
    teams = {} if standing.selection.revealed is None else {one.enterprise: one for one in standing.drawn.teams}
    team = None if item is None else teams.get(item.enterprise_id)
    if team is None:
        raise wrong("item", "这次抽取没有抽中该单位。", "this draw did not name the enterprise of the item")
    if set(team.officers) != set(command.officers) and not command.trigger:
        raise wrong(
            "trigger", f"抽中的执法人员为 {'、'.join(team.officers)}；换人的应写明原因，如揭晓后发现的回避。",
            f"the draw named {', '.join(team.officers)}: to send others, give the reason, such as a recusal that was "
            "found after the reveal",
        )  # fmt: skip


async def _unknown(request: web.Request, kind: str, keys: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(keys))
    if not wanted:
        return []
    async with scope(request, own=True) as connection:
        known = await registered(connection, kind, wanted)
    return [one for one in wanted if one not in known][:SHOWN]


async def _enterprises(request: web.Request, matter: Matter | None) -> list[tuple[str, str]]:
    """Those of the plan first, then those that the authority supervises."""
    texts = texts_of(request)
    of_plan: dict[str, str] = {}
    if matter is not None and matter.kind == "plan":
        plan = Plan(matter)
        items = plan.items() if plan.parts or plan.draft is None else plan.draft.items
        of_plan = {one.enterprise_id: str(texts.gettext(IN_PLAN[one.kind])) for one in list(items.values())[:MOST]}
    async with scope(request, own=True) as connection:
        supervised = await draws.supervised(connection)
        called = await names(connection, [("enterprise", one) for one in of_plan])
    found = [
        (key, " · ".join(one for one in (called.get(("enterprise", key), ""), said) if one))
        for key, said in of_plan.items()
    ]
    found += [(key, name) for key, name in supervised.items() if key not in of_plan]
    return found[:MOST]


def _agencies(request: web.Request, matter: Matter | None) -> list[str]:
    """The bodies that supervise an enterprise now, and the own authority."""
    found = [] if matter is None else [one.body.agency for one in supervisions(matter) if one.until is None]
    return list(dict.fromkeys([*found, person_of(request).authority]))
