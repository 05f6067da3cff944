"""Acts of the office over HTTP: a form for each, and JSON beside it, on cases, hazards, inspections, officers, signals,
plans and enterprises.

A form carries the id that its act will have, made when the page was drawn, and the stamp of the matter as it was then:
sent twice it is one act, and on a matter that went on meanwhile it is refused with what changed, by whom and when.
Programs say the same with `Idempotency-Key` and `If-Match`. The invariant: a page says that something was done only
after it stands in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import msgspec
from aiohttp import web

from domain.judges.case_facts import Case, number_of
from domain.judges.plan import Plan
from domain.matter import Matter
from domain.office import commands as ask
from domain.office import offers
from domain.office.case import Actor
from domain.office.reviews import drafts, evidence_of, reviews
from domain.office.stamp import stamp
from domain.workdays import day_of
from projections.process import queries as process_queries
from projections.process.names import names
from schemas.events import body_json
from schemas.events.plan import PlanItem
from schemas.problems import Problem
from server.console import act_forms, act_offers, words
from server.console.access import scope
from server.console.act_forms import FORMS, Field, Form, Wrong
from server.console.following import followed_in
from server.console.frame import page, texts_of
from server.console.process_words import Words
from server.log.ids import now_ms, uuid7
from server.web.app import FORM, SERVICES, Desk, Done, Standing, person_of
from server.web.asked import id_of_form
from server.web.body import read_body
from server.web.i18n import N_
from server.web.languages import language
from server.web.problems import json_bytes
from server.web.routes import Handler

MAX_JSON: Final = 256 * 1024
"""Bytes of a command as JSON: a draft with all its texts."""
PLACES: Final[Mapping[str, str]] = {
    "case": "/cases", "hazard": "/hazards", "task": "/tasks", "officer": "/officers", "signal": "/signals",
    "plan": "/plans", "enterprise": "/enterprises",
}  # fmt: skip
STEPPED_UP: Final = frozenset({("signal", "resolve")})
"""Acts that need a password or a code given just now: no token does them."""
REFUSED: Final = frozenset(
    ("gate_closed", "precondition_failed", "conflict", "bad_request", "forbidden", "not_found", "overloaded")
)
"""Refusals that are shown above the form, with what was filled in."""
GENERAL: Final = {
    "gate_closed": N_("The rules do not allow it yet. Nothing was recorded."),
    "precondition_failed": N_("It was changed since you opened this form. Nothing was recorded; look at what changed, "
                              "then send it again if it still holds."),
    "conflict": N_("It is not as you left it. Nothing was recorded."),
    "bad_request": N_("Something is missing or cannot be read. Nothing was recorded."),
    "forbidden": N_("This is for somebody else to do. Nothing was recorded."),
    "not_found": N_("There is no such thing any more. Nothing was recorded."),
    "overloaded": N_("Others work on it right now. Nothing was recorded; try again."),
}  # fmt: skip

NOTHING: Final = N_("Nothing was recorded.")


@dataclass(frozen=True, slots=True)
class Target:
    """What an act is about: the kind and key of its matter, what is named in the address, and which signal it is."""

    kind: str
    """Kind of the forms: case, hazard, task, officer, signal, plan or enterprise."""
    name: str
    matter_kind: str
    key: str

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"{PLACES[self.kind]}/{self.name}"


def show(kind: str) -> Handler:
    """The form of an act."""

    async def handler(request: web.Request) -> web.Response:
        act = _act(request, kind)
        target = await _target(request, kind)
        return await _page(request, target, act)

    return handler


def send(kind: str, only: str = "") -> Handler:
    """A form that was filled in; `only`: of one act, which the address names, for those on a route of their own."""

    async def handler(request: web.Request) -> web.Response:
        act = _act(request, kind, only)
        target = await _target(request, kind)
        form = request[FORM]
        try:
            command = act_forms.read(kind, act, form, target.name if kind == "signal" else "")
            name = id_of_form(form.get("act", ""), "the act").bytes
            await act_offers.check(request, target.key, command)
            done = await _desk(request).do(
                person_of(request), target.matter_kind, target.key, command, act=name, seen=form.get("seen", "")
            )
        except Wrong as wrong:
            return await _page(request, target, act, status=400, wrong=wrong.field, why=wrong.reason)
        except Problem as refusal:
            if refusal.code not in REFUSED:
                raise
            return await _page(request, target, act, status=status_of(refusal), refusal=refusal)
        await followed_in(request, done.epoch, done.position)
        return web.Response(status=303, headers={"Location": f"{target.page}?done={act}&at={done.position}#office"})

    return handler


def send_json(kind: str) -> Handler:
    """`POST /api/v1/<kind>s/{id}/acts/{act}` with If-Match; the body is the command. 201, or 200 if done before."""

    async def handler(request: web.Request) -> web.Response:
        act = _act(request, kind)
        target = await _target(request, kind)
        held = request.headers.getall("If-Match", [])
        if not held:
            raise Problem("precondition_required", "expected If-Match with the ETag of the matter")
        if request.content_type != "application/json":
            raise Problem("unsupported_media_type", "expected application/json")
        try:
            told = msgspec.json.decode(await read_body(request, MAX_JSON), type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Problem("bad_request", "expected one JSON object") from None
        if kind == "signal":
            told["signal"] = target.name
        try:
            command = act_forms.convert(kind, act, told)
        except Wrong as wrong:
            raise Problem("bad_request", wrong.reason, field=wrong.field) from None
        given = request.headers.get("Idempotency-Key", "").strip().strip('"')
        name = id_of_form(given, "the act").bytes if given else uuid7()
        desk, person = _desk(request), person_of(request)
        await act_offers.check(request, target.key, command)
        seen = None if held == ["*"] else held[0].strip().removeprefix("W/").strip('"')
        done = await desk.do(person, target.matter_kind, target.key, command, act=name, seen=seen)
        now = await desk.stand(person, target.matter_kind, target.key)
        answer = web.Response(body=json_bytes(_told(done)), content_type="application/json")
        answer.set_status(200 if done.again else 201)
        answer.headers["ETag"] = f'"{now.stamp}"'
        answer.headers["Cache-Control"] = "private, no-store"
        return answer

    return handler


def list_json(kind: str) -> Handler:
    """`GET /api/v1/<kind>s/{id}/acts`: the stamp as ETag, which acts the desk offers now, drafts and reviews."""

    async def handler(request: web.Request) -> web.Response:
        target = await _target(request, kind)
        found = await _desk(request).stand(person_of(request), target.matter_kind, target.key)
        told: dict[str, Any] = {
            "kind": target.matter_kind, "id": target.key, "etag": found.stamp,
            "offers": offered(request, kind, found.matter),
        }  # fmt: skip
        if kind == "case":
            told |= _case_json(Case(found.matter))
        answer = web.Response(body=json_bytes(told), content_type="application/json")
        answer.headers["ETag"] = f'"{found.stamp}"'
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer

    return handler


async def on_page(request: web.Request, kind: str, key: str) -> dict[str, Any] | None:
    """What the page of a matter says of the desk: offers, and of a case its drafts and reviews. None without a desk."""
    desk = request.app[SERVICES].desk
    if desk is None:
        return None
    try:
        found = await desk.stand(person_of(request), kind, key)
    except Problem:
        return None
    told: dict[str, Any] = {"stamp": found.stamp, "offers": offered(request, kind, found.matter), "now": now_ms()}
    if kind == "case":
        case = Case(found.matter)
        told |= {"drafts": drafts(case), "reviews": list(reversed(reviews(case))), "submitted": offers.submitted(case)}
        told["titles"] = {fact.id: fact.type for fact in found.matter.facts}
    return told


def offered(request: web.Request, kind: str, matter: Matter) -> list[str]:
    """Names of the acts that make sense now for who asks."""
    person = person_of(request)
    actor = Actor(person.officer_id, person.roles)
    match kind:
        case "case":
            return offers.on_case(Case(matter), actor)
        case "hazard":
            return offers.on_hazard(matter, actor)
        case "task":
            return offers.on_task(matter, actor)
        case "plan":
            return offers.on_plan(matter, actor)
        case _:
            return [act for act, roles in offers.OTHER_ROLES.get(kind, {}).items() if person.may(roles)]


def links(request: web.Request, kind: str, key: str, authority: str) -> list[tuple[str, str]]:
    """(address, title) of the acts that a person may ask for on an officer or a signal; none on those of others."""
    person = person_of(request)
    if request.app[SERVICES].desk is None or authority != person.authority or request.query.get("as_of"):
        return []
    called = titles(request, kind)
    return [
        (f"{PLACES[kind]}/{quote(key, safe='')}/acts/{act}", called[act])
        for act, roles in offers.OTHER_ROLES.get(kind, {}).items()
        if person.may(roles)
    ]


def titles(request: web.Request, kind: str) -> dict[str, str]:
    """What the acts on a kind of matter are called."""
    texts = texts_of(request)
    return {act: texts.gettext(form.title) for (of, act), form in FORMS.items() if of == kind}


def status_of(refusal: Problem) -> int:
    """The status of a page that shows a refusal above its form."""
    return 409 if refusal.code == "precondition_failed" else refusal.type.status


def told_refusal(refusal: Problem, chosen: str, texts: Any) -> dict[str, Any]:
    """A refusal as pages show it: why, closed gates with what would lift them, what changed meanwhile."""
    fields = refusal.fields
    return {
        "why": _why(refusal, "", chosen, texts), "gates": fields.get("gates", ()), "changes": fields.get("changes", ())
    }  # fmt: skip


# -- parts ------------------------------------------------------------------------------------------------------------


def _act(request: web.Request, kind: str, only: str = "") -> str:
    act = only or request.match_info["act"]
    if not only and request.method == "POST" and (kind, act) in STEPPED_UP:
        raise Problem("forbidden", "this act is done in the browser, behind a password given just now")
    roles = offers.roles_of(kind, act)
    if roles is None:
        raise Problem("not_found")
    if not person_of(request).may(roles):
        raise Problem("forbidden", f"this act is for: {', '.join(sorted(roles))}")
    return act


def _desk(request: web.Request) -> Desk:
    desk = request.app[SERVICES].desk
    if desk is None:
        raise Problem("not_ready", "this server only reads")
    return desk


async def _target(request: web.Request, kind: str) -> Target:
    name = request.match_info["id"]
    if not 1 <= len(name) <= 128 or "\0" in name:
        raise Problem("not_found")
    if kind != "signal":
        return Target(kind, name, kind, name)
    async with scope(request, own=True) as connection:
        one = await process_queries.signal(connection, name, as_of=now_ms())
    if one is None:
        raise Problem("not_found")
    return Target(kind, name, one.kind, one.key)


def _told(done: Done) -> dict[str, Any]:
    return {
        "act": str(UUID(bytes=done.id)), "type": done.type, "body": body_json(done.body), "epoch": done.epoch,
        "position": done.position, "again": done.again,
    }  # fmt: skip


def _case_json(case: Case) -> dict[str, Any]:
    return {
        "drafts": [
            {"event": str(UUID(bytes=fact.id)), "by": list(fact.by), "at": fact.received, **body_json(body)}
            for fact, body in drafts(case)
        ],
        "reviews": [
            {
                "review_id": str(UUID(bytes=one.id)), "draft_hash": one.asked[1].draft_hash.hex(),
                "state": one.state, "reviewer": one.reviewer, "requested_by": one.asked[1].requested_by,
                "ended": None if one.ended is None else body_json(one.ended[1]),
            }
            for one in reviews(case)
        ],
        "submitted": [
            {"event": str(UUID(bytes=fact.id)), "by": list(fact.by), **body_json(body)}
            for fact, body in offers.submitted(case)
        ],
    }  # fmt: skip


async def _page(
    request: web.Request,
    target: Target,
    act: str,
    *,
    status: int = 200,
    wrong: str = "",
    why: str = "",
    refusal: Problem | None = None,
) -> web.Response:
    """The form: empty or with what the matter proposes, or as it was filled in, with what is wrong."""
    person, texts, chosen = person_of(request), texts_of(request), language(request)
    found = await _standing(request, target)
    form = FORMS[target.kind, act]
    given = dict(request.get(FORM, {}))
    fresh = not given
    if fresh:
        given = _proposed(target, act, found, request)
        if act == "decide":
            given.setdefault("front", await _front(request))
    # A form that was refused is a new one: the act it asks for is another than one that may have been recorded.
    name = given["act"] if not fresh and refusal is None and given.get("act") else str(UUID(bytes=uuid7()))
    fields = refusal.fields if refusal is not None else {}
    told = {"why": _why(None, why, chosen, texts), "gates": (), "changes": ()}
    if refusal is not None:
        told = told_refusal(refusal, chosen, texts)
    return page(
        request,
        "act.html",
        person,
        status=status,
        target=target,
        form=form,
        labels={field.name: label(form, field, texts) for field in form.fields} | _of_row(wrong, texts),
        title=texts.gettext(form.title),
        lead=texts.gettext(form.lead),
        act_id=name,
        seen=stamp(()) if found is None else found.stamp,
        given=given,
        wrong=str(fields.get("field", wrong)),
        refused=told if told["why"] or str(fields.get("field", wrong)) else None,
        now=now_ms(),
        words=Words(texts, chosen),
        facts=_facts(target, act, found),
        about=await _about(request, act, given, found),
        called=await _called(request, target),
        **await act_offers.offered(request, form, None if found is None else found.matter),
        **_choices(target, found),
    )


def label(form: Form, field: Field, texts: Any) -> str:
    """What a field is called: as in the event that the form becomes."""
    if field.said:
        return str(texts.gettext(field.said))
    if not field.label:
        return field.name
    found = words.field_label(form.event, field.label, texts)
    for unit in ("（分）", ", fen"):
        found = found.removesuffix(unit)
    return found


def _of_row(wrong: str, texts: Any) -> dict[str, str]:
    """What a field of one of several changes is called, by its name `reason_N`."""
    name, _, row = wrong.partition("_")
    if name != "reason" or not row.isdecimal():
        return {}
    change = texts.gettext("Change %(number)s") % {"number": int(row) + 1}
    return {wrong: change + texts.gettext(": ") + texts.gettext("Reason of the change")}


async def _front(request: web.Request) -> str:
    """The front that the newest numbers of the authority bear, "" before its first number."""
    async with scope(request, own=True) as connection:
        found = await process_queries.list_matters(connection, "series", as_of=now_ms(), limit=20)
    return next((str(front) for row in found.rows if (front := row.columns.get("front"))), "")


async def _standing(request: web.Request, target: Target) -> Standing | None:
    try:
        return await _desk(request).stand(person_of(request), target.matter_kind, target.key)
    except Problem as refusal:
        if refusal.code == "not_found" and target.kind == "officer":
            return None  # the first certificate of somebody
        raise


def _why(refusal: Problem | None, reason: str, chosen: str, texts: Any) -> str:
    if refusal is None and not reason:
        return ""
    said = GENERAL["bad_request" if refusal is None else refusal.code]
    general = str(texts.gettext(said))
    own = None if refusal is None else refusal.fields.get(chosen)
    if not isinstance(own, str):
        return general
    # What is missing was said: the general sentence would say less of the same.
    return f"{own} {texts.gettext(NOTHING) if said == GENERAL['bad_request'] else general}"


def _proposed(target: Target, act: str, found: Standing | None, request: web.Request) -> dict[str, str]:
    """What an empty form proposes: the newest draft, the open review, today."""
    given = {name: value for name, value in request.query.items() if len(value) <= 200}
    given.setdefault("today", str(day_of(now_ms())))
    for name in ("held_on", "served_on", "applied_on", "effective_on", "approved_on", "filed_on", "decided_on"):
        given.setdefault(name, given["today"])
    if found is not None and target.kind == "plan" and act == "approve-revision":
        return given | _of_revision(Plan(found.matter), given)
    if found is None or target.kind != "case":
        return given
    case = Case(found.matter)
    known = drafts(case)
    if known:
        body = known[-1][1]
        given.setdefault("draft_hash", body.draft_hash.hex())
        if act == "draft":
            given |= _of_draft(body)
    open_one = next((one for one in reversed(reviews(case)) if one.ended is None), None)
    if open_one is not None:
        given.setdefault("review", str(UUID(bytes=open_one.id)))
        if act == "assign-review" and "reviewer" not in given and "legal_reviewer" in person_of(request).roles:
            given["reviewer"] = person_of(request).officer_id
    waiting = offers.submitted(case)
    if waiting:
        given.setdefault("submitted", str(UUID(bytes=waiting[0][0].id)))
    return given


def _of_revision(plan: Plan, given: Mapping[str, str]) -> dict[str, str]:
    """The revision that waits, and whoever approved the plan."""
    waiting = [revision for _, revision, approval in plan.revisions if approval is None]
    told = {} if not plan.parts else {"approver": given.get("approver") or plan.parts[0][1].approver}
    if waiting and not given.get("revision"):
        told["revision"] = str(UUID(bytes=waiting[-1].revision_id))
    return told


def _of_draft(body: Any) -> dict[str, str]:
    told: dict[str, Any] = body_json(body)
    given = {name: told.get(name, "") for name in ("facts", "outside_reason", "remedies_text", "explanation")}
    given["bases"] = "\n".join(told["bases"])
    mark = told.get("benchmark") or {}
    given |= {
        "benchmark": mark.get("id", ""), "benchmark_version": mark.get("version", ""),
        "benchmark_tier": mark.get("tier", ""),
    }  # fmt: skip
    for row, line in enumerate(told.get("penalties", ())[: act_forms.PENALTY_ROWS]):
        fen = line.get("amount_fen")
        given |= {
            f"kind_{row}": line["kind"], f"object_{row}": line.get("object", ""), f"until_{row}": line.get("until", ""),
            f"yuan_{row}": "" if fen is None else f"{fen // 100}" + (f".{fen % 100:02}" if fen % 100 else ""),
        }  # fmt: skip
    return given


def _choices(target: Target, found: Standing | None) -> dict[str, Any]:
    """What the special fields of a form choose from."""
    more: dict[str, Any] = {
        "penalty_kinds": act_forms.penalty_kinds(), "penalty_rows": range(act_forms.PENALTY_ROWS),
        "correction_rows": range(act_forms.CORRECTION_ROWS), "opinion_rows": range(act_forms.OPINION_ROWS),
        "change_rows": range(act_forms.CHANGE_ROWS), "officer_rows": range(act_forms.OFFICER_ROWS),
        "items": ask.ITEMS, "evidence": [], "evidence_more": "", "records": [], "numbers": [], "ticked": set(),
    }  # fmt: skip
    if found is None or target.kind != "case":
        return more
    case = Case(found.matter)
    files = list(evidence_of(case).items())
    boxes, rest = files[: act_forms.EVIDENCE_BOXES], files[act_forms.EVIDENCE_BOXES :]
    more["evidence"] = [(digest.hex(), fact) for digest, fact in boxes]
    more["evidence_more"] = " ".join(digest.hex() for digest, _ in rest)
    known = drafts(case)
    more["ticked"] = {one.hex() for one in (known[-1][1].evidence if known else evidence_of(case))}
    more["records"] = [fact for fact in found.matter.facts if fact.counts and fact.source == "field"]
    more["numbers"] = list(
        dict.fromkeys(number for fact in found.matter.facts if fact.counts and (number := number_of(fact)))
    )
    return more


async def _about(
    request: web.Request, act: str, given: Mapping[str, str], found: Standing | None
) -> tuple[PlanItem, str] | None:
    """The item of a plan that is given to officers, with the name of its enterprise."""
    if found is None or found.matter.kind != "plan" or act != "assign":
        return None
    try:
        item = Plan(found.matter).items().get(UUID(given.get("item", "")).bytes)
    except ValueError:
        return None
    if item is None:
        return None
    async with scope(request, own=True) as connection:
        called = await names(connection, [("enterprise", item.enterprise_id)])
    return item, called.get(("enterprise", item.enterprise_id), "")


async def _called(request: web.Request, target: Target) -> str:
    """What the matter is called on the way back to it; "" if nothing but its key is known."""
    if target.kind == "signal":
        return ""
    async with scope(request, own=True) as connection:
        return (await names(connection, [(target.matter_kind, target.key)])).get((target.matter_kind, target.key), "")


def _facts(target: Target, act: str, found: Standing | None) -> dict[str, Any]:
    """What the form is about, shown above it: the newest draft, and the correction that waits."""
    if found is None or target.kind != "case":
        return {}
    case = Case(found.matter)
    known = drafts(case)
    told: dict[str, Any] = {"draft": known[-1] if known and act not in ("draft", "serve") else None}
    if act == "approve-correction":
        told["submitted"] = offers.submitted(case)
    return told
