"""Where the officers were: positions against the enterprise, against each other, and against the clock (SIG-13).

The invariant: a position that is not exact enough, or an enterprise whose own place is not known, proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from msgspec import UNSET

from domain.judges.case_findings import Alarm
from domain.judges.inspection_findings import en_length, many, signals, zh_length
from domain.judges.visit import Visit
from domain.judges.who import officers_of
from domain.matter import Fact, Matter, Signal
from domain.places import metres, metres_to_area, place, place_of
from domain.workdays import day_of
from schemas.events.enterprise import EnterpriseProfiled

HOUR: Final = 3_600_000


def alarms(visit: Visit) -> Iterator[Signal]:
    """The signals about positions of one inspection."""
    yield from signals(visit.matter, "SIG-13", "medium", lambda: sig_13(visit), officers=visit.officers)


def sig_13(visit: Visit) -> Iterator[Alarm]:
    """SIG-13: mocked positions, an entry far from the enterprise, or a way between two acts that nobody can travel."""
    placed = [fact for fact in visit.acts if fact.source == "field" and fact.location is not None]
    mocked = [fact for fact in placed if fact.location is not None and fact.location["mock"]]
    if mocked:
        yield Alarm(
            f"{len(mocked)}条记录的定位是模拟位置。",
            f"A mocked position stands in {many(len(mocked), 'record')}.",
            tuple(mocked),
            score=85,
            opens=min(fact.occurred for fact in mocked),
            about="mock",
        )
    true = [fact for fact in placed if fact.location is not None and not fact.location["mock"]]
    yield from _far_away(visit, true)
    yield from travel(visit.matter, true)


def travel(matter: Matter, facts: Sequence[Fact]) -> Iterator[Alarm]:
    """Two acts of the same officer, one after the other, too far apart for the time between them."""
    for one, two in pairwise(sorted(facts, key=lambda f: (_when(f), f.id))):
        if one.location is None or two.location is None or not set(officers_of(one)) & set(officers_of(two)):
            continue
        rule = matter.rules.get("travel.max_kmh", day_of(two.occurred), matter.authority)
        here, there = place_of(one.location), place_of(two.location)
        far = metres(here, there) - here.accuracy - there.accuracy
        took = _when(two) - _when(one)
        # Clocks and fixes are not exact: what can be walked in a minute is never too far.
        if far > 1_000 and far * HOUR > rule.value * 1_000 * max(took, 60_000):
            yield Alarm(
                f"相邻两项记录相距{_km(far)}公里，间隔{zh_length(took)}，不可能到达。",
                f"Two records in a row lie {_km(far)} km and {en_length(took)} apart; nobody travels that fast.",
                (one, two),
                score=75,
                opens=two.occurred,
                rule=rule,
                about=f"travel/{two.id.hex()}",
            )


def _far_away(visit: Visit, placed: Sequence[Fact]) -> Iterator[Alarm]:
    """Entries further from the enterprise than its tolerance."""
    entries = {fact.id for fact, _ in visit.entries}
    for fact in placed:
        if fact.id not in entries or fact.location is None:
            continue
        profile = _profile(visit, fact.occurred)
        exact = visit.limit("location.accuracy_m", fact.occurred)
        here = place_of(fact.location)
        if profile is None or here.accuracy > exact.value:
            continue
        rule = visit.limit("location.tolerance_m", fact.occurred)
        known, body = profile
        allowed = rule.value if body.tolerance_m is UNSET else body.tolerance_m
        if body.polygon:
            far = metres_to_area(here, [place(p.lat, p.lon, "WGS84") for p in body.polygon])
        elif body.point is not UNSET:
            far = metres(here, place(body.point.lat, body.point.lon, "WGS84"))
        else:
            continue
        if far > allowed + here.accuracy:
            yield Alarm(
                f"进入现场的定位距该单位{_km(far)}公里，容差{allowed}米；如单位坐标有误，请更正单位坐标。",
                f"The entry was recorded {_km(far)} km from the enterprise; {allowed} m are allowed. If the "
                "enterprise's own position is wrong, correct that.",
                (fact, known),
                score=70,
                rule=rule,
                about=f"place/{fact.id.hex()}",
            )


def _profile(visit: Visit, instant: int) -> tuple[Fact, EnterpriseProfiled] | None:
    """The profile of the enterprise that held at an instant, else the first one: places seldom move."""
    profiles = visit.other(f"profile:{visit.enterprise}", EnterpriseProfiled)
    held = [pair for pair in profiles if pair[0].occurred <= instant]
    return held[-1] if held else profiles[0] if profiles else None


def _when(fact: Fact) -> int:
    return fact.occurred if fact.captured is None else fact.captured


def _km(length: float) -> str:
    return f"{length / 1000:.1f}"
