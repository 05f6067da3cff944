"""The judge of an officer: certificates in time, qualification as a reviewer, interests and recusals.

Whether a certificate held at an act is asked act by act (`domain.certificates`); here the register shows the periods in
which each certificate stood how, so that any day can be read off it. The invariant: nothing depends on today; a state
that a day brings about (running out) is a period with its days, never a state of the page.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, Final

from msgspec import UNSET

from domain.certificates import State, reviewing, standing
from domain.matter import Fact, Judge, Judgement, Matter
from domain.workdays import DAY, day_of, sane
from schemas.events.certificate import CertificateRecorded, CertificateStatusChanged
from schemas.events.oversight import InterestDeclared
from schemas.events.recusal import RecusalDecided, RecusalRequested

LATE_DAYS: Final = 1
"""A register entry that came in later than so many days after its own date is shown as late."""


def judge(matter: Matter) -> Judgement:
    """The register's page of one officer."""
    recorded = matter.of(CertificateRecorded)
    newest = max(recorded, key=lambda one: (one[1].valid_to, one[0].received, one[0].id), default=None)
    body = newest[1] if newest is not None else None
    changes = matter.of(CertificateStatusChanged)
    stood = list(periods(matter.facts))
    return Judgement(
        kind="officer",
        key=matter.key,
        authority=matter.authority,
        stage=_stage(matter, body),
        columns={
            "certificate": "" if body is None else body.certificate_no,
            "issuer": "" if body is None else body.issuer,
            "unit": "" if body is None or body.unit is UNSET else body.unit,
            "unit_role": "" if body is None or body.unit_role is UNSET else body.unit_role,
            "categories": "" if body is None else " ".join(body.categories),
            "valid_from": None if body is None else body.valid_from.isoformat(),
            "valid_to": None if body is None else body.valid_to.isoformat(),
            "certificates": len({one.certificate_no for _, one in recorded}),
            "stood": " ".join(f"{one['from']}={one['state']}" for one in stood),
            "reviewer": any(one.reviewer_qualification is not UNSET for _, one in recorded),
            "interests": len(matter.of(InterestDeclared)),
            "late_entries": sum(_late(fact, change.effective_on) for fact, change in changes)
            + sum(_late(fact, one.valid_from) for fact, one in recorded),
        },
        page={
            "periods": stood,
            "certificates": [_certificate(fact, one) for fact, one in recorded],
            "changes": [_change(fact, one) for fact, one in changes],
            "reviewing": _reviewing(matter),
            "interests": [_interest(fact, one) for fact, one in matter.of(InterestDeclared)],
            "recusals": _recusals(matter),
        },
        officers=(matter.key,),
    )


JUDGE: Final = Judge(kind="officer", version=2, judge=judge, needs=lambda _facts: frozenset())


def periods(facts: tuple[Fact, ...]) -> Iterator[dict[str, Any]]:
    """How the officer stood, as periods without gaps between the first and the last day on which anything changed.

    Each has `from`, `to` (None: open), `state` and the certificate that counted, with the reason in both languages.
    """
    days: set[datetime.date] = set()
    for fact in facts:
        if not fact.counts:
            continue
        match fact.body:
            case CertificateRecorded() as body:
                days |= {body.valid_from, sane(body.valid_to) + DAY}
            case CertificateStatusChanged() as body:
                days.add(body.effective_on)
                if body.until is not UNSET:
                    days.add(sane(body.until) + DAY)
            case _:
                continue
    marks = sorted(days)
    last: tuple[State, str] | None = None
    pending: dict[str, Any] | None = None
    for day in marks:
        found = standing(facts, day)
        if last == (found.state, found.number):
            continue
        if pending is not None:
            yield {**pending, "to": (sane(day) - DAY).isoformat()}
        last = (found.state, found.number)
        pending = {
            "from": day.isoformat(), "to": None, "state": found.state, "certificate": found.number,
            "zh": found.reason.zh, "en": found.reason.en, "events": [event.hex() for event in found.inputs],
        }  # fmt: skip
    if pending is not None:
        yield pending


def standing_on(stood: str, day: datetime.date) -> str:
    """The state of a day, from the column `stood`: the days on which it changed, each with the state from then on."""
    state = "none"
    for change in stood.split():
        since, _, name = change.partition("=")
        if since > day.isoformat():
            break
        state = name
    return state


def _stage(matter: Matter, newest: CertificateRecorded | None) -> str:
    """The last state that the register was told of the newest certificate: it is not that of a day."""
    if newest is None:
        return "none"
    told = [
        change for _, change in matter.of(CertificateStatusChanged) if change.certificate_no == newest.certificate_no
    ]
    return max(told, key=lambda change: change.effective_on).status if told else "active"


def _late(fact: Fact, day: datetime.date) -> bool:
    """Whether the register was told so late that acts in between were judged by another state (SIG-07)."""
    return day_of(fact.received) > sane(day) + LATE_DAYS * DAY


def _certificate(fact: Fact, body: CertificateRecorded) -> dict[str, Any]:
    return {
        "event": fact.id.hex(),
        "number": body.certificate_no,
        "issuer": body.issuer,
        "unit": None if body.unit is UNSET else body.unit,
        "categories": list(body.categories),
        "valid_from": body.valid_from.isoformat(),
        "valid_to": body.valid_to.isoformat(),
        "replaces": None if body.replaces is UNSET else body.replaces,
        "received": fact.received,
        "late": _late(fact, body.valid_from),
        "imported": body.import_ is not UNSET,
    }


def _change(fact: Fact, body: CertificateStatusChanged) -> dict[str, Any]:
    return {
        "event": fact.id.hex(),
        "number": body.certificate_no,
        "status": body.status,
        "effective_on": body.effective_on.isoformat(),
        "until": None if body.until is UNSET else body.until.isoformat(),
        "received": fact.received,
        "late": _late(fact, body.effective_on),
    }


def _reviewing(matter: Matter) -> dict[str, Any]:
    """From which day the officer may review, with the rule that decides it; None if nothing is registered."""
    rule = next(iter(matter.rules.of("review.qualification_since")), None)
    if rule is None:
        return {"state": "unknown", "zh": "缺少审核资格规则", "en": "no rule on reviewers is known"}
    since = datetime.date.fromisoformat(rule.value)
    latest = max((day_of(fact.received) for fact in matter.facts), default=since)
    found = reviewing(matter.facts, latest, since)
    return {
        "state": found.state,
        "zh": found.reason.zh,
        "en": found.reason.en,
        "events": [event.hex() for event in found.inputs],
    }


def _interest(fact: Fact, body: InterestDeclared) -> dict[str, Any]:
    return {
        "event": fact.id.hex(),
        "enterprise": None if body.enterprise_id is UNSET else body.enterprise_id,
        "case": None if body.case_id is UNSET else body.case_id.hex(),
        "relation": body.relation,
        "since": None if body.since is UNSET else body.since.isoformat(),
        "until": None if body.until is UNSET else body.until.isoformat(),
        "declared_on": body.declared_on.isoformat(),
    }


def _recusals(matter: Matter) -> list[dict[str, Any]]:
    """What was asked and decided of this officer's recusal, in order."""
    asked = [
        {"event": fact.id.hex(), "what": "requested", "case": _hex(body.case_id), "on": str(day_of(fact.occurred))}
        for fact, body in matter.of(RecusalRequested)
    ]
    decided = [
        {
            "event": fact.id.hex(), "what": "granted" if body.granted else "refused", "case": _hex(body.case_id),
            "on": body.decided_on.isoformat(),
        }
        for fact, body in matter.of(RecusalDecided)
    ]  # fmt: skip
    return sorted([*asked, *decided], key=lambda one: (str(one["on"]), str(one["event"])))


def _hex(value: Any) -> str | None:
    return value.hex() if isinstance(value, bytes) else None
