"""Reports that are handed in: what is due, the form, and what was handed in beside what the system has.

Whoever hands a report in says only where it differs from the system; everything else is taken as it is counted, and
both stand in the act. The invariant: a submission is never changed; a difference stays visible, with its explanation.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from domain import annual, reporting
from domain.quarterly import BLOCKS, Period, Share
from domain.reporting import Compared, Kind
from projections import sheets
from projections.process import figures, reports
from projections.process.submissions import Reconciled, Submission
from projections.sheets import Row, Sheet
from schemas.problems import Problem
from server.supervision import counted
from server.supervision.asking import (
    file,
    past,
    place,
    proposed,
    shown_to,
    today,
    wanted_form,
    wanted_period,
)
from server.web.app import FORM, SERVICES, person_of
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.i18n import N_
from server.web.routes import Officers

SUBMITTERS: Final = Officers(frozenset({"planner", "unit_head", "bureau_head"}))
"""Who hands reports in: whoever plans or directs, for the own authority."""
PAIRS: Final = 12
"""Figures that one form may name; a table with more differences is a file for `liuhen report submit`."""
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_CODE: Final = re.compile(r"[a-z0-9_]{1,64}", re.ASCII | re.IGNORECASE)
WRONG_NUMBER: Final = N_(
    "Expected a whole number of at least 0; money in yuan with at most two places, shares in per cent with one."
)
WRONG_CODE: Final = N_("Choose the figure that the number belongs to, each one once.")
WRONG_REASON: Final = N_("Say why the figures differ: whoever reads the report sees both.")


async def show(request: web.Request) -> web.Response:
    """What was handed in for a period, and what is due."""
    span = wanted_period(request)
    shown = await shown_to(request)
    handed = await past(request).submissions([code for code, _ in shown], span)
    which, done = place(request), request.query.get("done", "")
    person = person_of(request)
    return request.app[FRAME].page(
        request,
        "submissions.html",
        period=span.name,
        periods=proposed(today()),
        due=[
            {
                "kind": kind,
                "name": reporting.KINDS[kind][which],
                "authority": code,
                "called": dict(shown).get(code, ""),
                "day": None if day is None else day.isoformat(),
                "over": day is not None and today() > day,
                "one": next((_row(one) for one in handed.found if _is(one, code, kind)), None),
                "may": code == person.authority and person.may(SUBMITTERS.roles),
            }
            for kind, days in handed.due.items()
            for code, day in sorted(days.items())
        ],
        rows=[{**_row(one), "name": _name(one, which)} for one in handed.found],
        waits=bool(done) and done not in {one.id for one in handed.found},
        json=f"/api/v1/reports/submitted?{urlencode({'period': span.name})}",
    )


async def list_json(request: web.Request) -> web.Response:
    """`/api/v1/reports/submitted?period=`: as the page."""
    span = wanted_period(request)
    handed = await past(request).submissions([code for code, _ in await shown_to(request)], span)
    due = {
        kind: {code: None if day is None else day.isoformat() for code, day in days.items()}
        for kind, days in handed.due.items()
    }
    return json_answer(request, {"period": span.name, "due": due, "items": [_row(one) for one in handed.found]})


async def show_form(request: web.Request) -> web.Response:
    """The form to hand a report in."""
    span = wanted_period(request)
    usual = "quarterly" if "Q" in span.name else "yearly"
    return await _form(request, span, _kind(request.query.get("kind", usual)), {}, "")


async def submit(request: web.Request) -> web.Response:
    """Hand a report in."""
    form = request[FORM]
    kind, span = _kind(form.get("kind", "")), wanted_period(request, form.get("period", ""))
    report = form.get("report", "")
    if _ID.fullmatch(report) is None:
        raise Problem("bad_request", "expected the form that was shown: open it again")
    service = request.app[SERVICES].reports
    if service is None:
        raise Problem("not_ready", "no log is written here: hand the report in at the main server")
    told, wrong = _told(form, kind)
    explanation = form.get("explanation", "").strip()
    if not wrong and told.keys() - annual.ELSEWHERE.keys() and not explanation:
        wrong = WRONG_REASON
    if not wrong:
        try:
            await service.submit(
                person_of(request), bytes.fromhex(report), kind, span, told, explanation,
                form.get("reviewer", "").strip(), form.get("to", "").strip(),
            )  # fmt: skip
        except Problem as problem:
            # A conflict is this very form, sent twice: it was handed in.
            if problem.code not in ("bad_request", "conflict"):
                raise
            wrong = problem.reason if problem.code == "bad_request" else ""
    if wrong:
        return await _form(request, span, kind, form, wrong)
    raise web.HTTPSeeOther(f"/supervision/reports?{urlencode({'period': span.name, 'done': report})}")


async def show_one(request: web.Request) -> web.Response:
    """One report, figure by figure beside the system."""
    found = await _one(request)
    which = place(request)
    return request.app[FRAME].page(
        request,
        "submission.html",
        one=_row(found.one),
        name=_name(found.one, which),
        explanation=_given(found.one.body.explanation),
        received=found.one.received,
        as_of=found.one.body.as_of,
        place=f"{found.one.log_id}:{found.one.position}",
        rows=[_figure(one, which) for one in found.figures],
        cut=found.cut,
        again=f"/supervision/figures?{urlencode({'period': found.one.body.period, 'cut': found.cut})}",
        json=f"/api/v1/reports/submitted/{found.one.id}",
    )


async def one_json(request: web.Request) -> web.Response:
    """`/api/v1/reports/submitted/{id}?format=json|csv|xlsx`: one report beside the system."""
    form = wanted_form(request)
    found = await _one(request)
    if form == "json":
        rows = [
            {"code": one.code, "reported": one.reported, "system": one.system, "now": one.now,
             "difference": one.difference}
            for one in found.figures
        ]  # fmt: skip
        told = {**_row(found.one), "explanation": _given(found.one.body.explanation)}
        return json_answer(request, {**told, "as_of": {"cut": found.cut}, "figures": rows})
    name = f"report-{found.one.body.period}-{found.one.authority}"
    return await file([_sheet(found, place(request))], form, name)


# -- the parts --


async def _form(request: web.Request, span: Period, kind: Kind, form: Mapping[str, str], wrong: str) -> web.Response:
    try:
        reporting.check(kind, span)
    except reporting.NotOfPeriod as fault:
        raise Problem("bad_request", str(fault)) from None
    frame = request.app[FRAME]
    person, which = person_of(request), place(request)
    made = await counted.table(request.app, [person.authority], span)
    choices = [
        *({"code": one.code, "name": f"{(table.zh, table.en)[which]} · {(one.zh, one.en)[which]}", "value": None,
           "unit": one.unit, "none": annual.NOT_RECORDED[which]}
          for table in (annual.TABLES if kind == "annual_statistics" else ())
          for one in table.elsewhere),
        *({"code": entry.code, "name": f"{BLOCKS[entry.block][which]} · {(entry.zh, entry.en)[which]}",
           "value": made.value.whole.get(entry.code), "unit": reports.unit_of(entry), "none": ""}
          for entry in figures.figures().entries
          if not isinstance(entry, Share)),
    ]  # fmt: skip
    return frame.page(
        request,
        "submit.html",
        status=400 if wrong else 200,
        period=span.name,
        kind=kind,
        name=reporting.KINDS[kind][which],
        as_of=made.as_of,
        authority=person.authority,
        choices=choices,
        pairs=[(n, form.get(f"code-{n}", ""), form.get(f"value-{n}", "")) for n in range(1, PAIRS + 1)],
        explanation=form.get("explanation", ""),
        reviewer=form.get("reviewer", ""),
        to=form.get("to", ""),
        report=form.get("report", "") or secrets.token_hex(16),
        wrong=frame.texts(request).gettext(wrong) if wrong else "",
    )


def _told(form: Mapping[str, str], kind: Kind) -> tuple[dict[str, int], str]:
    """Figures that differ, in the units of the table, and what is wrong with them."""
    known = {entry.code: reports.unit_of(entry) for entry in figures.figures().entries}
    if kind == "annual_statistics":
        known |= {one.code: one.unit for one in annual.ELSEWHERE.values()}
    told: dict[str, int] = {}
    for n in range(1, PAIRS + 1):
        code, text = form.get(f"code-{n}", "").strip(), form.get(f"value-{n}", "").strip()
        if not code and not text:
            continue
        if not text:
            return {}, WRONG_NUMBER
        if _CODE.fullmatch(code) is None or code not in known or code in told:
            return {}, WRONG_CODE
        value = sheets.number(text, known[code])
        if value is None or value < 0:
            return {}, WRONG_NUMBER
        told[code] = value
    return told, ""


async def _one(request: web.Request) -> Reconciled:
    report = request.match_info["id"].replace("-", "")
    found = None
    if _ID.fullmatch(report) is not None:
        found = await past(request).submission([code for code, _ in await shown_to(request)], report)
    if found is None:
        raise Problem("not_found", "no report of this id was handed in by an authority that is shown to you")
    return found


def _kind(text: str) -> Kind:
    for kind in reporting.KINDS:
        if kind == text:
            return kind
    raise Problem("bad_request", f"expected kind to be one of {', '.join(reporting.KINDS)}")


def _name(one: Submission, which: int) -> str:
    kind = one.body.kind
    return ("干预记录报表", "interference return")[which] if kind == "interference" else reporting.KINDS[kind][which]


def _is(one: Submission, authority: str, kind: Kind) -> bool:
    return one.authority == authority and one.body.kind == kind


def _given(text: Any) -> str:
    return text if isinstance(text, str) else ""


def _row(one: Submission) -> dict[str, Any]:
    return {
        "id": one.id,
        "authority": one.authority,
        "kind": one.body.kind,
        "period": one.body.period,
        "submitted_on": str(one.body.submitted_on),
        "due": None if one.due is None else one.due.isoformat(),
        "late": one.late,
        "submitter": one.body.submitter,
        "reviewer": _given(one.body.reviewer),
        "submitted_to": _given(one.body.submitted_to),
        "differing": one.differing,
        "explained": bool(_given(one.body.explanation)),
    }


def _figure(one: Compared, which: int) -> dict[str, Any]:
    entry = figures.figures().by_code.get(one.code)
    other = annual.ELSEWHERE.get(one.code)
    named, unit = (one.code, "count") if other is None else ((other.zh, other.en)[which], other.unit)
    return {
        "code": one.code if entry is not None else "",
        "name": named if entry is None else (entry.zh, entry.en)[which],
        "unit": unit if entry is None else reports.unit_of(entry),
        "reported": one.reported,
        "system": one.system,
        "now": one.now,
        "difference": abs(one.difference or 0),
        "sign": "+" if (one.difference or 0) > 0 else "\N{MINUS SIGN}",
        "differs": one.differs,
    }


def _sheet(found: Reconciled, which: int) -> Sheet:
    one = found.one
    above: list[Row] = [
        [_name(one, which), one.body.period, one.authority],
        [("上报日期", "handed in")[which], str(one.body.submitted_on), ("期限", "due")[which],
         "–" if one.due is None else one.due.isoformat()],
        [("差异说明", "why figures differ")[which], _given(one.body.explanation)],
        [("当前统计时点", "now as of")[which], found.cut],
    ]  # fmt: skip
    words = [
        ("指标", "code"), ("名称", "name"), ("单位", "unit"), ("上报数", "handed in"),
        ("系统数（上报时）", "system then"), ("差异", "difference"), ("系统数（当前）", "system now"),
    ]  # fmt: skip
    rows: list[Row] = []
    for each in found.figures:
        shown = _figure(each, which)
        rows.append([each.code, shown["name"], shown["unit"], each.reported, each.system, each.difference, each.now])
    return Sheet(("上报与系统核对", "Handed in and counted")[which], above, [word[which] for word in words], rows)
