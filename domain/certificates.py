"""How an officer's certificate stood at any time, from the facts filed under `certificate:<officer>` (E01, E02).

A register entry made late changes the answer for the past; what was known at an earlier instant can be asked as well,
so that both answers stay visible (SIG-07). The invariant: of several certificates the best one counts, and a fact that
does not count (a claim, a side chain) gives and takes nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from msgspec import UNSET

from domain.matter import Fact, Reason
from domain.rulebook import Rulebook
from domain.workdays import day_of
from schemas.events.certificate import CertificateRecorded, CertificateStatusChanged, ReviewerQualification

State: TypeAlias = Literal["valid", "wrong_scope", "suspended", "revoked", "expired", "none"]
"""`revoked` includes certificates that were withdrawn; `none` also one that is not valid yet."""

_BEST: Final[tuple[State, ...]] = ("valid", "wrong_scope", "suspended", "revoked", "expired", "none")


@dataclass(frozen=True, slots=True)
class Standing:
    """How an officer's best certificate stood. `number` is "" if there was none; `inputs` are the events behind it.

    `reason` names certificate and day, no person.
    """

    state: State
    number: str
    reason: Reason
    inputs: tuple[bytes, ...] = ()
    valid_to: datetime.date | None = None
    issuer: str = ""

    @property
    def valid(self) -> bool:
        """Whether the officer was entitled to act."""
        return self.state == "valid"


@dataclass(frozen=True, slots=True)
class Reviewing:
    """Whether a person could review penalty decisions on a day (PPL 58; INV-18)."""

    state: Literal["qualified", "unqualified", "none"]
    reason: Reason
    inputs: tuple[bytes, ...] = ()


def standing(
    facts: Iterable[Fact], at: int | datetime.date, scopes: Collection[str] = (), known: int | None = None
) -> Standing:
    """How the officer stood on the day of an act. `scopes`: categories of which one must be on the certificate.

    `at` is the instant of the act (ms) or its day. A certificate without categories has every scope; without `scopes`
    none is asked for. `known`: only what was received by that instant (ms).
    """
    day = at if isinstance(at, datetime.date) else day_of(at)
    recorded: dict[str, tuple[Fact, CertificateRecorded]] = {}
    changes: dict[str, list[tuple[Fact, CertificateStatusChanged]]] = {}
    for fact in sorted(facts, key=lambda fact: (fact.received, fact.occurred, fact.id)):
        if not fact.counts or (known is not None and fact.received > known):
            continue
        match fact.body:
            case CertificateRecorded() as body:
                recorded[body.certificate_no] = (fact, body)
            case CertificateStatusChanged() as body:
                changes.setdefault(body.certificate_no, []).append((fact, body))
            case _:
                continue
    found = [_of(*one, changes.get(number, []), day, scopes) for number, one in sorted(recorded.items())]
    if not found:
        return Standing("none", "", Reason(f"{day} 没有登记执法证", f"no certificate was registered for {day}"))
    return min(found, key=lambda one: (_BEST.index(one.state), -(one.valid_to or day).toordinal(), one.number))


def scopes_of(rules: Rulebook, at: int | datetime.date, authority: str) -> tuple[str, ...]:
    """The categories of which a certificate must have one, on a day; empty where the rules name none."""
    found = rules.find("certificate.scopes", at if isinstance(at, datetime.date) else day_of(at), authority)
    return tuple(found.value) if found is not None else ()


def reviewing(facts: Iterable[Fact], at: int | datetime.date, since: datetime.date) -> Reviewing:
    """Whether the register entitles a person to review on a day.

    Who reviewed before `since` (the rule `review.qualification_since`) stays entitled; anybody later must have passed
    the national exam before.
    """
    day = at if isinstance(at, datetime.date) else day_of(at)
    inputs: list[bytes] = []
    for fact in facts:
        if not fact.counts or not isinstance(fact.body, CertificateRecorded):
            continue
        found = fact.body.reviewer_qualification
        if found is UNSET:
            continue
        inputs.append(fact.id)
        why = _entitled(found, day, since)
        if why is not None:
            return Reviewing("qualified", why, (fact.id,))
    if not inputs:
        return Reviewing("none", Reason("没有登记审核人员资格", "no qualification of the reviewer was registered"), ())
    return Reviewing(
        "unqualified",
        Reason(
            f"截至 {day} 未登记通过国家统一法律职业资格考试", f"no pass of the national exam is registered by {day}"
        ),
        tuple(sorted(inputs)),
    )


def _entitled(found: ReviewerQualification, day: datetime.date, since: datetime.date) -> Reason | None:
    if found.obtained_on is not UNSET and found.obtained_on <= day:
        return Reason(f"{found.obtained_on} 取得法律职业资格", f"passed the national exam on {found.obtained_on}")
    first = found.first_review_on
    if found.grandfathered is True and (first is UNSET or first < since):
        return Reason("规定施行前已从事审核", "reviewed before the rule came into force")
    if first is not UNSET and first < since:
        return Reason(f"{first} 已从事审核", f"reviewed first on {first}, before the rule")
    return None


def _of(
    fact: Fact,
    body: CertificateRecorded,
    changes: Collection[tuple[Fact, CertificateStatusChanged]],
    day: datetime.date,
    scopes: Collection[str],
) -> Standing:
    """How one certificate stood on a day."""
    number, inputs, state = body.certificate_no, {fact.id}, "active"
    for changed, change in sorted(changes, key=lambda c: (c[1].effective_on, c[0].received, c[0].id)):
        if change.effective_on > day:
            continue
        if change.status == "suspended" and change.until is not UNSET and change.until < day:
            continue
        inputs.add(changed.id)
        state = change.status

    def stood(answer: State, zh: str, en: str) -> Standing:
        return Standing(
            answer, number, Reason(f"执法证 {number}：{zh}", f"certificate {number}: {en}"), tuple(sorted(inputs)),
            body.valid_to, body.issuer,
        )  # fmt: skip

    if day < body.valid_from:
        return stood("none", f"{body.valid_from} 起生效", f"valid from {body.valid_from}")
    if state in ("revoked", "withdrawn"):
        word = "已吊销" if state == "revoked" else "已收回"
        return stood("revoked", f"{day} {word}", f"{state} on {day}")
    if state == "expired" or day > body.valid_to:
        return stood("expired", f"{body.valid_to} 到期", f"ran out on {body.valid_to}")
    if state == "suspended":
        return stood("suspended", f"{day} 暂扣期间", f"suspended on {day}")
    if scopes and body.categories and not set(scopes) & set(body.categories):
        return stood("wrong_scope", "类别不含本项执法", "its categories do not cover this act")
    return stood("valid", f"{day} 有效", f"valid on {day}")
