"""The trail of an officer or about an enterprise, to look at, to print and to hand over (履职留痕).

Whoever looks over others sees those of the authorities that they see; an officer sees the own one, because it is what
shows that duties were done. The invariant: nobody is counted or compared here.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlencode

from aiohttp import web

from projections.process import trail as trails
from projections.process.names import names
from projections.process.trail import SOURCES, Of, Trail
from schemas.problems import Problem
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
from server.supervision.off_system import PLACES
from server.web.app import person_of
from server.web.asked import starting
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.languages import language
from server.web.routes import WATCHERS, Officers

READERS: Final = Officers(WATCHERS.roles | {"inspector"})
ROWS: Final = 200
"""Acts on one page; the files have all of them."""
_NAME: Final = re.compile(r"[^\x00-\x1f]{1,128}")


async def show(request: web.Request) -> web.Response:
    """The trail as a page."""
    made, period = await _made(request)
    which = place(request)
    start = starting(request)
    rows = made.steps[start : start + ROWS]
    wanted = {("enterprise", one.subject) for one in rows if one.subject} | {(made.of, made.id)}
    async with request.app[FRAME].scope(request) as connection:
        called = await names(connection, sorted(wanted))
    following = start + ROWS if start + ROWS < len(made.steps) else None
    address = f"/api/v1/trails/{made.of}/{quote(made.id, safe='')}?{urlencode({'period': period})}"
    return request.app[FRAME].page(
        request,
        "officer_trail.html",
        request_path=request.path,
        of=made.of,
        id=made.id,
        called=called.get((made.of, made.id), ""),
        period=period,
        periods=proposed(today()),
        cut=made.cut.name,
        whole=made.whole,
        total=len(made.steps),
        rows=[
            {
                "occurred": one.occurred,
                "received": one.received,
                "captured": one.captured,
                "name": (one.zh, one.en)[which],
                "step": one.step,
                "kind": one.kind,
                "to": PLACES[one.kind] + quote(one.key, safe="") if one.kind in PLACES else "",
                "subject": one.subject,
                "subject_name": called.get(("enterprise", one.subject), ""),
                "by": one.by,
                "source": SOURCES.get(one.source, (one.source, one.source))[which],
                "remark": trails.remark(one, which),
                "place": f"{one.log_id}:{one.position}",
            }
            for one in rows
        ],
        first=start == 0,
        next=None if following is None else f"{request.path}?{urlencode({'period': period, 'from': following})}",
        json=address,
    )


async def send(request: web.Request) -> web.Response:
    """`/api/v1/trails/{officer|enterprise}/{id}?period=&format=json|csv|xlsx`."""
    form = wanted_form(request)
    made, period = await _made(request)
    if form == "json":
        return json_answer(request, {**trails.as_dict(made), "period": period})
    return await file([trails.sheet(made, language(request))], form, f"trail-{made.of}-{period}")


async def _made(request: web.Request) -> tuple[Trail, str]:
    span = wanted_period(request)
    of, name = _of(request.match_info["of"]), request.match_info["id"]
    person = person_of(request)
    if _NAME.fullmatch(name) is None:
        raise Problem("not_found")
    if not person.may(WATCHERS.roles) and (of, name) != ("officer", person.officer_id):
        raise Problem("forbidden", "an officer is shown the own trail and no other")
    shown = await shown_to(request)
    made = await past(request).trail([code for code, _ in shown], of, name, span)
    if made is None:
        raise Problem("not_found", f"no {of} of this name is in the record of an authority that is shown to you")
    return made, span.name


def _of(text: str) -> Of:
    match text:
        case "officer" | "enterprise":
            return text
        case _:
            raise Problem("not_found", "a trail is that of an officer or of an enterprise")
