"""What is shown while terminals hold more: what rests on an absence is unknown, what rests on facts stays as judged."""

from __future__ import annotations

import pytest

from domain import settling
from domain.matter import Deadline, Reason, Signal, Verdict
from domain.settling import Outstanding

TOLD = Reason("已告知", "told")
MORE = [Outstanding(bytes(10) + b"\x01\x02\x03\x04\x05\x06", 12), Outstanding(b"\xff" * 16, 0, 3)]
DONE = [Outstanding(bytes(16), 0)]


def verdict(outcome: str = "broken", *, absent: bool) -> Verdict:
    return Verdict("INV-03", "1", outcome, TOLD, absent=absent)  # type: ignore[arg-type]


def signal(*, absent: bool, opens: int = 100) -> Signal:
    return Signal("SIG-05", "1", "serious", 80, opens, TOLD, absent=absent)


def deadline(**more: object) -> Deadline:
    return Deadline("DL-01", "1", 0, 1_000, None, text=TOLD, **more)  # type: ignore[arg-type]


def test_the_reason_names_every_terminal_that_has_more_and_how_much() -> None:
    why = settling.undecided([*reversed(MORE), *DONE])
    assert why == Reason(
        "暂不能判定：终端 010203040506 有 12 条事件未上传；终端 ffffffffffff 有 3 条事件申报丢失",
        "cannot be decided yet: terminal 010203040506 has 12 events not uploaded; "
        "terminal ffffffffffff has 3 events declared lost",
    )
    assert settling.undecided(DONE) is None
    assert settling.undecided([]) is None


@pytest.mark.parametrize("outcome", ["kept", "broken"])
def test_a_verdict_that_rests_on_an_absence_is_unknown_while_a_terminal_has_more(outcome: str) -> None:
    shown = settling.verdict(verdict(outcome, absent=True), MORE)
    assert (shown.outcome, shown.reason) == ("unknown", settling.undecided(MORE))
    assert settling.verdict(verdict(outcome, absent=True), DONE).outcome == outcome
    assert settling.verdict(verdict(outcome, absent=False), MORE) == verdict(outcome, absent=False)


def test_what_is_unknown_for_want_of_a_rule_keeps_its_reason() -> None:
    assert settling.verdict(verdict("unknown", absent=True), MORE).reason == TOLD


def test_a_signal_stands_from_its_instant_and_is_undecided_while_a_terminal_has_more() -> None:
    assert settling.signal(signal(absent=True), "open", 99, MORE)[0] == "pending"
    assert settling.signal(signal(absent=True), "open", 100, MORE) == ("undecided", settling.undecided(MORE))
    assert settling.signal(signal(absent=True), "open", 100, DONE) == ("open", TOLD)
    assert settling.signal(signal(absent=False), "open", 100, MORE) == ("open", TOLD)
    for state in ("disputed", "resolved", "withdrawn"):
        assert settling.signal(signal(absent=True), state, 100, MORE)[0] == state  # type: ignore[arg-type]


def test_a_deadline_is_due_from_the_instant_at_which_its_last_day_has_ended() -> None:
    assert settling.deadline(deadline(), 999, MORE)[0] == "running"
    assert settling.deadline(deadline(), 1_000, DONE)[0] == "due"
    assert settling.deadline(deadline(), 1_000, MORE) == ("undecided", settling.undecided(MORE))
    assert settling.deadline(deadline(absent=False), 1_000, MORE)[0] == "due"
    assert settling.deadline(deadline(met=999), 5_000, MORE)[0] == "met"
    assert settling.deadline(deadline(met=1_000), 5_000, MORE)[0] == "met_late"
    assert settling.deadline(deadline(cancelled=True), 5_000, MORE)[0] == "cancelled"


def test_a_signal_has_the_same_name_whenever_it_is_raised() -> None:
    assert settling.signal_id("SIG-05", "case", "c", "") == settling.signal_id("SIG-05", "case", "c", "")
    names = {settling.signal_id(*one) for one in (("SIG-05", "case", "c", ""), ("SIG-05", "case", "c", "a"))}
    assert len(names) == 2
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in names)


def test_a_period_in_which_somebody_may_act_ends_without_being_overdue() -> None:
    assert settling.deadline(deadline(binding=False), 999, DONE)[0] == "running"
    assert settling.deadline(deadline(binding=False), 1_000, MORE) == ("ended", TOLD)
