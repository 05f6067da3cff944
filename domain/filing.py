"""Under which keys a fact is filed: the matters that it belongs to, and the shelves that other matters ask for.

A key is `<kind>:<key>`. Some are tags of the envelope, some are computed from the body, because tags are a hint of the
writer and the body is what the rules read. The invariant: the keys depend on the fact alone, so the order in which
facts come in changes no shelf.

    task, case, hazard, plan, tip,
    accident                        acts about one of them, by tag or by an id in the body
    review:<id>                     acts of one legal review, by its id in the body
    chain:<task>                    entry, certificates, record and conclusion of a task: what a plan counts
    enterprise:<id>                 what its dossier rests on: profile, supervising bodies, visits, cases, penalties
    officer:<id>                    certificates, interests and recusals of an officer; not every act
    certificate:<officer>           E01 and E02 alone: who asks whether somebody was certified
    day:<officer>/<YYYY-MM-DD>      acts on site, for what nobody can do twice at a time
    series:<authority>/<token>/<Y>  every printed document number, reservations, voids
    rules:<authority>               E05: rules that an authority published
    profile:<enterprise>            E03 and zones without devices: where a site is, not what happened there
    evidence:<id>                   E16 alone: the photos that a finding, a report and a re-inspection name, and what
                                    the server read in them
    look:<hash>                     pictures that look alike, whatever they are of
    wording:<authority>/<YYYY-MM>/<band>
                                    on-site records of a month whose findings may be worded alike
    wording:<digest>                on-site records with the same text
    outside:<authority>/<kind>/<YYYY-MM>
                                    rows of others' books, and what a person said of a match
    money:, visits:<authority>/<YYYY-MM>
                                    decisions and payments, entries and records of a month: what such a row may be
    tickets:<authority>, tickets:<authority>/<front>/<width>/<n>
                                    registers of ticket books; tickets that were used, void or given back, by number
    register:<authority>/<token>/<Y>, named:<code>, ledgers:<authority>
                                    registers by series, enterprises by credit code, which books came in
    report:<authority>/<kind>/<period>
                                    E48 of reports that belong to no plan; those on a plan lie with it
    device:<terminal>/<YYYY-MM-DD>  E07: checks and faults of a terminal on a day, for the acts that it recorded
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from msgspec import UNSET

from domain import document_numbers as numbers
from domain import outside_facts as outside
from domain import wording
from domain.matter import Fact
from domain.printed import Refused
from domain.workdays import DAY, day_of, sane
from schemas.events import Body
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.oversight import PeriodicReportSubmitted

TAGGED: Final = ("task", "case", "hazard", "plan", "tip", "accident")
"""Kinds whose tag files a fact, whatever its type."""

IDS: Final = {
    "task_id": "task",
    "case_id": "case",
    "hazard_id": "hazard",
    "hazard_ids": "hazard",
    "plan_id": "plan",
    "tip_id": "tip",
    "accident_id": "accident",
    "review_id": "review",
}
"""Fields of a body that name such a matter."""

ENTERPRISE: Final = frozenset(
    (
        "enterprise.profiled.v1",
        "enterprise.assessed.v1",
        "supervising_body.assigned.v1",
        "supervising_body.ended.v1",
        "no_device_zone.declared.v1",
        "task.assigned.v1",
        "task.cancelled.v1",
        "task.concluded.v1",
        "site.entered.v1",
        "hazard.found.v1",
        "hazard.closed.v1",
        "major_hazard.listed.v1",
        "major_hazard.delisted.v1",
        "case.filed.v1",
        "case.not_filed.v1",
        "case.closed.v1",
        "penalty.decided.v1",
        "case.no_penalty_decided.v1",
        "on_spot_penalty.decided.v1",
        "decision.altered.v1",
        "tip.received.v1",
        "accident.reported.v1",
        "interest.declared.v1",
        "record.corrected.v1",
    )
)
"""Types that an enterprise's dossier rests on; the acts in between are found through its tasks and cases."""

OFFICER: Final = frozenset(
    (
        "officer_certificate.recorded.v1",
        "officer_certificate.status_changed.v1",
        "interest.declared.v1",
        "interference.recorded.v1",
        "recusal.requested.v1",
        "recusal.decided.v1",
    )
)
"""Types filed under the officers that they are about."""

_BY_TAG: Final = {"enterprise": ENTERPRISE, "officer": OFFICER}

CERTIFICATE: Final = frozenset(("officer_certificate.recorded.v1", "officer_certificate.status_changed.v1"))

ON_SITE: Final = frozenset(
    (
        "site.entered.v1",
        "credentials.shown.v1",
        "interview.recorded.v1",
        "inspection_record.signed.v1",
        "on_site_measure.ordered.v1",
        "rectification.ordered.v1",
        "reinspection.concluded.v1",
        "document.served.v1",
        "evidence_preservation.ordered.v1",
        "compulsory_measure.imposed.v1",
        "on_spot_penalty.decided.v1",
        "talk.held.v1",
    )
)
"""Acts that an officer can only do in one place at a time."""

PROFILE: Final = frozenset(("enterprise.profiled.v1", "no_device_zone.declared.v1"))
"""Types that say where an enterprise is; its dossier would be too much to read for every inspection."""

DEVICE: Final = frozenset(("terminal.clock_checked.v1", "terminal.fault_reported.v1"))
"""Types that say how a terminal was on a day."""

CHAIN: Final = frozenset(
    (
        "site.entered.v1",
        "credentials.shown.v1",
        "inspection_record.signed.v1",
        "task.concluded.v1",
        "task.cancelled.v1",
    )
)
"""Types that finish an item of a plan (INV-08): a plan asks for these of its tasks, and not for every photo."""

OUTSIDE: Final = frozenset(
    (
        "outside_ledger.rows_received.v1",
        "outside_ledger.match_decided.v1",
        "external_record.received.v1",
        "tip.received.v1",
        "accident.report_approved.v1",
        "reconsideration.opened.v1",
        "suit.opened.v1",
        "case.filed.v1",
        "penalty.decided.v1",
        "on_spot_penalty.decided.v1",
        "fine_payment.recorded.v1",
        "cash.deposited.v1",
        "site.entered.v1",
        "inspection_record.signed.v1",
        "enterprise.profiled.v1",
    )
)
"""Types that have rows of others' books, or that such a row may be."""

LEDGERS: Final = frozenset(("outside_ledger.mapping_saved.v1", "outside_ledger.imported.v1"))
"""Types that say which books came in and how their columns are read."""

_PRESENT: Final = ("officers_present", "officers", "interviewers", "captured_by", "recorder")
_NUMBERS: Final = ("document_no", "notice_no", "approval_no", "document_nos")
_SERIES: Final = frozenset(
    (
        "document_number.reserved.v1",
        "document_number.issued.v1",
        "document_number.voided.v1",
        "document_number.returned.v1",
    )
)
_SIGNALS: Final = frozenset(("signal.disputed.v1", "signal.resolved.v1"))
MAX_KEY: Final = 400
"""Bytes of a key at most; longer ones are no key of ours."""

TELLING_BITS: Final = 12
"""A hash of 64 bits tells pictures apart only where at least so many are set and so many are not: a black picture, or
one of an empty wall, looks like every other.
"""


def keys(fact: Fact) -> frozenset[str]:
    """Every key that a fact is filed under. Never raises: what cannot be read names no key."""
    found = set(_keys(fact))
    if fact.type in CHAIN:
        found.update(f"chain:{key.removeprefix('task:')}" for key in tuple(found) if key.startswith("task:"))
    return frozenset(key for key in found if len(key.encode("utf-8", "replace")) <= MAX_KEY)


def officers(fact: Fact) -> frozenset[str]:
    """Who took part in an act: those who signed it and those whom its body names."""
    found = set(fact.by)
    for actor in _values(fact.body, "actors"):
        found.add(actor.officer)
    for name in _PRESENT:
        found.update(value for value in _values(fact.body, name) if isinstance(value, str))
    return frozenset(found)


def _keys(fact: Fact) -> Iterator[str]:
    for tag in fact.about:
        kind, _, name = tag.partition(":")
        wanted = _BY_TAG.get(kind)
        if name and (kind in TAGGED or (wanted is not None and fact.type in wanted)):
            yield tag
    if fact.body is not None:
        yield from _of_body(fact, fact.body)


def _of_body(fact: Fact, body: Body) -> Iterator[str]:
    ids, printed = _fields(type(body))
    for field, kind in ids:
        for value in _values(body, field):
            if isinstance(value, bytes) and len(value) == 16:
                yield f"{kind}:{text_of(value)}"
            elif isinstance(value, str):
                yield f"{kind}:{value}"
    for result in _values(body, "results"):
        for value in _values(result, "hazard_id"):
            yield f"hazard:{text_of(value)}"
    if fact.type in ENTERPRISE:
        yield from (f"enterprise:{value}" for value in _values(body, "enterprise_id"))
    if fact.type in PROFILE:
        yield from (f"profile:{value}" for value in _values(body, "enterprise_id"))
    if fact.type in DEVICE:
        days = {day_of(instant) for instant in (fact.occurred, *_values(body, "from_at"))}
        for terminal in _values(body, "terminal") or ((fact.terminal,) if fact.terminal else ()):
            yield from (f"device:{text_of(terminal)}/{day}" for day in sorted(days))
    if fact.type == "evidence.captured.v1":
        yield f"evidence:{text_of(next(iter(_values(body, 'evidence_id')), fact.id))}"
    if fact.type == "blob.examined.v1":
        yield from (f"evidence:{text_of(value)}" for value in _values(body, "evidence_ids"))
        yield from filter(None, (look_key(value) for value in _values(body, "looks_like")))
    if isinstance(body, InspectionRecordSigned):
        yield from wording_months(fact, body)
    if fact.type in OFFICER:
        for name in ("officer_id", "officer"):
            yield from (f"officer:{value}" for value in _values(body, name))
    if fact.type in CERTIFICATE:
        yield from (f"certificate:{value}" for value in _values(body, "officer_id"))
    if fact.type == "rule_set.published.v1":
        # Of the authority that published it, which is that of the log it stands in; nobody publishes for another.
        yield f"rules:{fact.authority}"
    if fact.type in ON_SITE:
        day = day_of(fact.occurred)
        yield from (f"day:{officer}/{day}" for officer in officers(fact))
    if fact.type in _SIGNALS:
        yield from (value for value in _values(body, "matter") if isinstance(value, str) and ":" in value)
    if isinstance(body, PeriodicReportSubmitted) and not _of_plan(fact, body):
        yield f"report:{fact.authority}/{body.kind}/{body.period}"
    yield from _series(fact, body, printed)
    if fact.type in OUTSIDE:
        yield from outside.outside_keys(fact)
        yield from outside.shelves_of(fact)
    if fact.type in LEDGERS:
        yield f"ledgers:{fact.authority}"


def _of_plan(fact: Fact, report: PeriodicReportSubmitted) -> bool:
    return report.plan_id is not UNSET or any(tag.startswith("plan:") for tag in fact.about)


@cache
def _fields(cls: type[Body]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Of a type: its fields that name matters, with their kinds, and its fields with printed numbers."""
    names = cls.__struct_fields__
    return tuple((name, IDS[name]) for name in IDS if name in names), tuple(n for n in _NUMBERS if n in names)


def _series(fact: Fact, body: Body, printed: tuple[str, ...]) -> Iterator[str]:
    for name in printed:
        for number in _values(body, name):
            try:
                yield f"series:{numbers.parse(number).series_key(fact.authority)}"
            except Refused:
                continue
    if fact.type in _SERIES:
        for token in _values(body, "token"):
            for year in _values(body, "year"):
                yield f"series:{numbers.series_key(fact.authority, token, year)}"


def look_key(look: str) -> str:
    """The shelf of pictures that look like this, "" where the hash tells nothing."""
    try:
        ones = int(look, 16).bit_count()
    except ValueError:
        return ""
    return f"look:{look}" if len(look) == 16 and TELLING_BITS <= ones <= 64 - TELLING_BITS else ""


def wording_months(fact: Fact, record: InspectionRecordSigned, *, earlier: bool = False) -> Iterator[str]:
    """The shelves of records worded like this one, of its month; `earlier`: of the month before as well."""
    if record.text_hash is not UNSET:
        yield f"wording:{record.text_hash.hex()}"
    day = sane(day_of(fact.occurred))
    months = [day, day.replace(day=1) - DAY] if earlier else [day]
    for band in wording.bands(wording.findings(record)):
        yield from (f"wording:{fact.authority}/{month:%Y-%m}/{band}" for month in months)


def text_of(value: bytes) -> str:
    """An id as tags have it: 36 characters."""
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _values(body: object, name: str) -> tuple[Any, ...]:
    """The values of a field, whether it holds one, several or none."""
    value = getattr(body, name, None)
    if value is None or value is UNSET:
        return ()
    return tuple(value) if isinstance(value, tuple | list) else (value,)
