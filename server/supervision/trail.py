"""The trail of an officer or about an enterprise, to look at, to print and to hand over (履职留痕).

Who looks at one is on record before it is shown, as with evidence: a page for the quarter of an hour in which its
reader leafs through it, a file each time.

Whoever looks over others sees those of the authorities that they see, and who looked at them; an officer sees the own
one, because it is what shows that duties were done, and not who looked, which may be an inquiry. The invariant: nobody
is counted or compared here.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import quote, urlencode

from aiohttp import web

from projections.process import trail as trails
from projections.process.names import names
from projections.process.trail import SOURCES, Looked, Of, Trail
from schemas.events.custody import TrailForm
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
from server.web.app import SERVICES, person_of
from server.web.asked import starting
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.i18n import N_
from server.web.languages import language
from server.web.routes import WATCHERS, Officers

READERS: Final = Officers(WATCHERS.roles | {"inspector"})
ROWS: Final = 200
"""Acts on one page; the files have all of them."""
FILES: Final = frozenset({"csv", "xlsx"})
"""Forms that are taken away: each time is on record."""
LEAF_SECONDS: Final = 900.0
"""How long a reader leafs through a trail behind one act of reading, as long as leave to view evidence."""
MOST_LEAFED: Final = 4_096
READINGS: Final = 100
"""Readings of a trail that its page shows; JSON has all of them."""
FORMS: Final = {
    "page": N_("looked at as a page"),
    "json": N_("taken away as JSON"),
    "csv": N_("taken away as CSV"),
    "xlsx": N_("taken away as a spreadsheet"),
}
View: TypeAlias = tuple[bytes, Of, str, str, TrailForm]
"""(session, of whom, id, period, form)."""
_NAME: Final = re.compile(r"[^\x00-\x1f]{1,128}")


@dataclass(slots=True)
class Leafed:
    """Which trails are being leafed through behind an act that is on record, since when. Forgotten with the process."""

    since: OrderedDict[View, float] = field(default_factory=OrderedDict)

    def again(self, view: View) -> bool:
        """Whether the view is one that is on record already."""
        at = self.since.get(view)
        return at is not None and time.monotonic() - at < LEAF_SECONDS

    def put(self, view: View) -> None:
        """The view is on record from now on."""
        self.since[view] = time.monotonic()
        self.since.move_to_end(view)
        while len(self.since) > MOST_LEAFED:
            self.since.popitem(last=False)


LEAFED: Final = web.AppKey("trails_leafed", Leafed)


async def show(request: web.Request) -> web.Response:
    """The trail as a page."""
    made, period = await _made(request, "page")
    which = place(request)
    start = starting(request)
    rows = made.steps[start : start + ROWS]
    readings, all_of_them = await _readings(request, made) or ((), True)
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
        readings=readings[:READINGS],
        read=len(readings),
        all_of_them=all_of_them,
        sees_readings=_sees_readings(request),
        forms={name: request.app[FRAME].texts(request).gettext(said) for name, said in FORMS.items()},
        first=start == 0,
        next=None if following is None else f"{request.path}?{urlencode({'period': period, 'from': following})}",
        json=address,
    )


async def send(request: web.Request) -> web.Response:
    """`/api/v1/trails/{officer|enterprise}/{id}?period=&format=json|csv|xlsx`."""
    form = wanted_form(request)
    made, period = await _made(request, form)
    if form == "json":
        readings = await _readings(request, made)
        told = trails.as_dict(made, None if readings is None else readings[0])
        return json_answer(request, {**told, "period": period})
    return await file([trails.sheet(made, language(request))], form, f"trail-{made.of}-{period}")


async def _made(request: web.Request, form: TrailForm) -> tuple[Trail, str]:
    """The trail that is asked for, behind the act that says so."""
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
    kept = request.app[SERVICES].trails
    if kept is None:
        raise Problem("not_ready", "no log is written here: ask the main server for this trail")
    leafed = request.app[LEAFED]
    view = (person.session, of, name, span.name, form)
    if form in FILES or not leafed.again(view):
        await kept.read(person, made, span.name, form)
        leafed.put(view)
    return made, span.name


async def _readings(request: web.Request, made: Trail) -> tuple[Sequence[Looked], bool] | None:
    """Who looked at a trail, as the logs of the authorities that are shown have it; None for whom that is not."""
    if not _sees_readings(request):
        return None
    shown = await shown_to(request)
    return await past(request).looked([code for code, _ in shown], made.of, made.id)


def _sees_readings(request: web.Request) -> bool:
    return person_of(request).may(WATCHERS.roles)


def _of(text: str) -> Of:
    match text:
        case "officer" | "enterprise":
            return text
        case _:
            raise Problem("not_found", "a trail is that of an officer or of an enterprise")
