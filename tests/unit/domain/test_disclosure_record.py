"""The life of a published record: in whatever order, nothing is public that two persons did not let out."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import disclosure_record as records
from domain.disclosure_record import (
    Command,
    Expire,
    Fact,
    Gate,
    Prepare,
    Record,
    Release,
    SendBack,
    decide,
    evolve,
)
from schemas.events.disclosure import (
    DisclosureCorrected,
    DisclosureExpired,
    DisclosurePrepared,
    DisclosurePublished,
    DisclosureWithdrawn,
    DisclosureWithheld,
)
from schemas.problems import Problem

DAY = datetime.date(2026, 4, 9)
RECORD = Record(b"r" * 16)
PEOPLE = ("a", "b", "")
CLOSED = (Gate("INV-17", "未经法制审核", "not reviewed"),)
CHANGES = (DisclosurePublished, DisclosureCorrected, DisclosureWithdrawn, DisclosureWithheld)


def prepare(proposes: Any, by: str = "a", **more: Any) -> Prepare:
    fields: dict[str, Any] = {
        "proposes": proposes, "by": by, "subject": "penalty", "feed": "penalties", "redaction_version": "1",
        "digest": b"d" * 32, "codes": ("CF_WSH",), "case_id": b"c" * 16,
        "ground": "other" if proposes != "publish" else "",
        "reason": "" if proposes == "publish" else "理由", "months": 12,
    }  # fmt: skip
    return Prepare(**{**fields, **more})


def done(*commands: Command) -> tuple[Record, list[Fact]]:
    """The record after commands that are all let through, and their acts."""
    record, facts = RECORD, list[Fact]()
    for number, command in enumerate(commands, 1):
        facts.append(decide(record, command, DAY))
        record = evolve(record, bytes([number]) * 16, facts[-1])
    return record, facts


def released(number: int, by: str = "b", **more: Any) -> Release:
    return Release(bytes([number]) * 16, by, digest=b"e" * 32, **more)


def gates(refused: pytest.ExceptionInfo[Problem]) -> set[str]:
    found: Any = refused.value.fields["gates"]
    return {one["rule"] for one in found}


def test_one_prepares_and_another_releases() -> None:
    record, facts = done(prepare("publish"), released(1, until=DAY))
    published = facts[1]
    assert isinstance(published, DisclosurePublished)
    assert (published.prepared_by, published.approver, published.snapshot_hash) == ("a", "b", b"e" * 32)
    assert (record.status, record.revision, record.pending) == ("published", 1, None)


@pytest.mark.parametrize("by", ["a", ""])
def test_who_prepared_it_and_nobody_cannot_release_it(by: str) -> None:
    record, _ = done(prepare("publish"))
    with pytest.raises(Problem) as refused:
        decide(record, released(1, by), DAY)
    assert gates(refused) == {"OGI-17"}


def test_a_gate_that_is_closed_stops_preparation_and_release() -> None:
    with pytest.raises(Problem) as refused:
        decide(RECORD, prepare("publish", closed=CLOSED), DAY)
    assert gates(refused) == {"INV-17"}
    record, _ = done(prepare("publish"))
    with pytest.raises(Problem) as refused:
        decide(record, released(1, closed=CLOSED), DAY)
    assert gates(refused) == {"INV-17"}


def test_a_record_expires_only_after_its_last_day() -> None:
    record, _ = done(prepare("publish"), released(1, until=DAY))
    with pytest.raises(Problem):
        decide(record, Expire(b"t" * 32), DAY)
    fact = decide(record, Expire(b"t" * 32), DAY + datetime.timedelta(1))
    assert isinstance(fact, DisclosureExpired)
    assert evolve(record, b"x" * 16, fact).status == "expired"


@pytest.mark.parametrize("ground", ["", "minor", "rumour"])
def test_a_withdrawal_needs_a_ground_of_the_law(ground: str) -> None:
    record, _ = done(prepare("publish"), released(1))
    with pytest.raises(Problem, match="ground"):
        decide(record, prepare("withdraw", ground=ground), DAY)


@pytest.mark.parametrize("reason", ["", "  ", "字" * (records.MAX_REASON + 1), "a\0b"])
def test_a_reason_is_given_and_bounded(reason: str) -> None:
    record, _ = done(prepare("publish"), released(1))
    with pytest.raises(Problem, match="reason"):
        decide(record, prepare("correct", reason=reason), DAY)
    with pytest.raises(Problem):
        decide(done(prepare("publish"))[0], SendBack(bytes([1]) * 16, "b", reason), DAY)


WHO = st.sampled_from(("a", "b"))
WHAT = st.sampled_from(("publish", "correct", "withdraw", "withhold"))
COMMANDS = st.lists(
    st.one_of(
        st.builds(
            prepare, st.sampled_from(("publish", "correct", "withdraw", "withhold")), st.sampled_from(("a", "b"))
        ),
        st.builds(released, st.integers(1, 12), st.sampled_from(PEOPLE)),
        st.builds(
            SendBack, st.integers(1, 12).map(lambda n: bytes([n]) * 16), st.sampled_from(("a", "b")), st.just("x")
        ),
        st.just(Expire(b"t" * 32)),
    ),
    max_size=12,
)


def run(commands: Sequence[Command]) -> list[tuple[Record, Fact]]:
    """What of any commands is let through, each with the record as it stood before."""
    record, passed = RECORD, list[tuple[Record, Fact]]()
    for number, command in enumerate(commands, 1):
        try:
            fact = decide(record, command, DAY)
        except Problem:
            continue
        passed.append((record, fact))
        record = evolve(record, bytes([number]) * 16, fact)
    return passed


def held(passed: Sequence[tuple[Record, Fact]]) -> bool:
    """Whether two persons stand behind each change, a preparation before it, and nothing behind the end."""
    ended = False
    for record, fact in passed:
        if isinstance(fact, CHANGES):
            pending = record.pending
            if pending is None or fact.preparation != pending.id:
                return False
            if fact.prepared_by == fact.approver or not fact.approver:
                return False
        if ended and not isinstance(fact, DisclosurePrepared):
            return False
        if isinstance(fact, DisclosurePublished | DisclosureCorrected) and record.status not in (
            "new",
            "published",
            "corrected",
        ):
            return False
        ended = ended or isinstance(fact, DisclosureWithdrawn | DisclosureExpired | DisclosureWithheld)
        if ended and isinstance(fact, DisclosurePrepared):
            return False
    return True


@given(COMMANDS)
def test_whatever_is_asked_in_whatever_order_two_persons_stand_behind_what_is_public(commands: list[Command]) -> None:
    assert held(run(commands))


@pytest.mark.parametrize(
    ("check", "commands"),
    [
        ("second_person", [prepare("publish"), released(1, "a")]),
        (
            "barred",
            [prepare("publish"), released(1), prepare("withdraw"), released(3), prepare("publish"), released(5)],
        ),
    ],
)
def test_without_its_check_each_of_them_would_be_let_through(
    check: str, commands: list[Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the property above turns red when a check is taken out."""
    assert held(run(commands))
    monkeypatch.setattr(records, check, lambda *_: ())
    assert not held(run(commands))
