"""Facts and matters for tests of the judges: typed bodies through the registry, ids that count up, times in Shanghai.

Required fields that a test does not name come from the full vector of the type (tests/support/event_vectors.py), so a
test says only what its claim is about. All persons, enterprises and numbers are invented.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, Final

from msgspec import inspect

from domain.matter import Fact, Matter, Source, order
from domain.rulebook import Rule, Rulebook
from domain.workdays import SHANGHAI, Calendar
from projections.rulefiles import load
from schemas.events import REGISTRY
from tests.support.event_vectors import FULL
from tests.support.vector_parts import CASE, EVIDENCE, HAZARD, TASK, USCC, uid

__all__ = [
    "AUTHORITY",
    "CALENDAR",
    "CASE",
    "ENTERPRISE",
    "EVIDENCE",
    "HAZARD",
    "HEAD",
    "LIN",
    "RULES",
    "TASK",
    "TERMINAL",
    "ZHAO",
    "at",
    "certificate",
    "certificates",
    "fact",
    "matter",
    "new_id",
    "rule",
    "rulebook",
    "text_id",
]

AUTHORITY: Final = "210500"
ENTERPRISE: Final = USCC
LIN: Final = "officer-0017"
ZHAO: Final = "officer-0023"
HEAD: Final = "officer-0002"
TERMINAL: Final = uid(5)

_numbers = count(1_000)

_TAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "task": ("task_id",),
    "case": ("case_id",),
    "hazard": ("hazard_id", "hazard_ids"),
    "enterprise": ("enterprise_id",),
    "plan": ("plan_id",),
    "tip": ("tip_id",),
}
"""Kinds of `about` tag that `fact` reads off a body, and the fields that they are read from."""


def new_id() -> bytes:
    """An id that no other fact of this run has; ids rise in the order in which they were asked for."""
    return uid(next(_numbers))


def at(text: str) -> int:
    """The instant (ms) of a time in Asia/Shanghai: "2026-03-02 09:30", "2026-03-02" (9 o'clock)."""
    moment = datetime.datetime.fromisoformat(text)
    if len(text) == 10:
        moment = moment.replace(hour=9)
    return int(moment.replace(tzinfo=SHANGHAI).timestamp() * 1000)


def text_id(value: bytes) -> str:
    """An id as tags and keys have it: 36 characters."""
    h = value.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def fact(
    type_name: str,
    body: Mapping[str, Any] | None = None,
    /,
    *,
    occurred: str | int = "2026-03-02 09:00",
    received: str | int | None = None,
    captured: str | int | None = None,
    by: Sequence[str] = (LIN, ZHAO),
    about: Iterable[str] = (),
    id: bytes | None = None,  # noqa: A002 - the word that Fact itself has
    source: Source | None = None,
    authority: str = AUTHORITY,
    terminal: bytes | None = None,
    claim: bool = False,
    notes: Sequence[str] = (),
    loc: Mapping[str, Any] | None = None,
    understood: bool = True,
    blobs: Sequence[bytes] = (),
    **fields: Any,
) -> Fact:
    """One fact. Fields of the body stand as keywords, or in `body` where a name is taken (`by`, `captured` …).

    Dates are "YYYY-MM-DD", instants ms or as `at` reads them where the field ends in `_at`, "time", "start", "end" or
    "arrival" (a start or an end without a time is a date). `source` follows the origin of the type: office acts have no
    terminal. Without `received` an act arrives a minute after it happened; a field act was captured when it happened.
    `about` adds to the tags that the body gives.
    """
    given = {**(body or {}), **fields}
    event_type = REGISTRY[type_name]
    full = FULL.get(type_name, {})
    wire = {name: full[name] for name in _required(type_name) if name in full}
    wire.update({name: _wire(name, value) for name, value in given.items()})
    when = at(occurred) if isinstance(occurred, str) else occurred
    if source is None:
        source = "office" if event_type.origin == "office" and not claim else "field"
    from_field = source != "office"
    came = when + 60_000 if received is None else at(received) if isinstance(received, str) else received
    taken = (
        (when if from_field else None) if captured is None else at(captured) if isinstance(captured, str) else captured
    )
    return Fact(
        id=id or new_id(),
        type=type_name,
        body=REGISTRY.decode_body(type_name, wire) if understood else None,
        about=tuple(sorted({*_tags(wire), *about})),
        by=tuple(by),
        source=source,
        authority=authority,
        occurred=when,
        received=came,
        captured=taken,
        terminal=(terminal or TERMINAL) if from_field else b"",
        claim=claim,
        notes=tuple(notes),
        location=loc,
        blobs=tuple(blobs),
    )


def matter(
    kind: str,
    key: str | bytes,
    facts: Iterable[Fact],
    *,
    others: Mapping[str, Iterable[Fact]] | None = None,
    rules: Rulebook | None = None,
    calendar: Calendar | None = None,
    authority: str = AUTHORITY,
) -> Matter:
    """A matter of these facts, in the order that a judge gets them. A key may be an id."""
    return Matter(
        kind=kind,
        key=text_id(key) if isinstance(key, bytes) else key,
        authority=authority,
        facts=tuple(sorted(facts, key=order)),
        rules=rules if rules is not None else RULES,
        calendar=calendar if calendar is not None else CALENDAR,
        others={name: tuple(sorted(filed, key=order)) for name, filed in (others or {}).items()},
    )


def certificate(officer: str, *, number: str = "", categories: Sequence[str] = ("安全生产执法",), **more: Any) -> Fact:
    """A certificate of an officer, valid 2025–2028 unless `valid_from` and `valid_to` say otherwise."""
    fields: dict[str, Any] = {
        "officer_id": officer,
        "certificate_no": number or f"E2105{officer[-4:]}",
        "issuer": "本溪市人民政府",
        "categories": list(categories),
        "valid_from": "2025-01-01",
        "valid_to": "2027-12-31",
    }
    own = {name: more.pop(name) for name in ("received", "authority", "id", "source", "by") if name in more}
    return fact("officer_certificate.recorded.v1", {**fields, **more}, occurred="2025-01-01", **{"by": (HEAD,), **own})


def certificates(*officers: str) -> dict[str, list[Fact]]:
    """`others` of a matter in which each of these officers holds a valid certificate."""
    return {f"certificate:{officer}": [certificate(officer)] for officer in officers}


def rule(key: str, value: Any, since: str = "2000-01-01", *, until: str | None = None, authority: str = "") -> Rule:
    """One entry of a rulebook."""
    return Rule(
        key=key,
        value=value,
        since=datetime.date.fromisoformat(since),
        version=f"test-{since}",
        source="test",
        until=None if until is None else datetime.date.fromisoformat(until),
        authority=authority,
    )


def rulebook(**more: Any) -> Rulebook:
    """The rules of the tests with some set: `rulebook(hearing__request_days=3)`, two underscores for the dot."""
    changed = {key.replace("__", "."): value for key, value in more.items()}
    return Rulebook([*(r for r in RULES.all if r.key not in changed), *(rule(k, v) for k, v in changed.items())])


RULES, CALENDAR = load()
"""The rules and the calendar of the package: what tests use unless they say otherwise."""


def _wire(name: str, value: Any) -> Any:
    if isinstance(value, str) and (name.endswith("_at") or name in ("time", "start", "end", "arrival")):
        return value if len(value) == 10 and name in ("start", "end") else at(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _wire(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_wire("", item) for item in value]
    return value


def _tags(wire: Mapping[str, Any]) -> Iterable[str]:
    for kind, names in _TAGS.items():
        for name in names:
            value = wire.get(name)
            for item in value if isinstance(value, list) else [] if value is None else [value]:
                yield f"{kind}:{text_id(item) if isinstance(item, bytes) else item}"
    for result in wire.get("results", ()):
        if isinstance(result, Mapping) and "hazard_id" in result:
            yield f"hazard:{text_id(result['hazard_id'])}"


@cache
def _required(type_name: str) -> tuple[str, ...]:
    info = inspect.type_info(REGISTRY[type_name].body)
    assert isinstance(info, inspect.StructType)
    return tuple(field.encode_name for field in info.fields if field.required)
