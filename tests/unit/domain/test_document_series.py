"""One sequence of document numbers: what the office may do with it. given(acts).when(command).then(act)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import document_series as domain
from domain.document_series import Issue, Reserve, Return, Series, Standing, Void
from schemas.events.document_number import DocumentNumberIssued, DocumentNumbersReserved, DocumentNumbersReturned
from schemas.problems import Problem
from tests.support.facts import at

KEY = "210500/责改/2026"
FRONT = "（辽本）应急"
NOW = at("2026-03-02 09:00")
LATER = at("2026-04-01")
PHOTO = (bytes(32),)
NONE = Standing()


def after(*commands: Any, standing: Standing = NONE) -> Series:
    state = domain.begin(KEY)
    for command in commands:
        state = domain.evolve(state, domain.decide(state, standing, command, NOW))
    return state


def block(number: int, count: int = 50, terminal: int = 1) -> Reserve:
    return Reserve(bytes([number]) * 16, count, LATER, FRONT, terminal=bytes([terminal]) * 16)


def issue() -> Issue:
    return Issue(FRONT, "officer-0017", case_id=bytes(16))


def refused(state: Series, command: Any, standing: Standing = NONE) -> Problem:
    with pytest.raises(Problem) as problem:
        domain.decide(state, standing, command, NOW)
    return problem.value


def test_the_first_number_is_one_and_is_printed_in_the_form_of_the_national_set() -> None:
    fact = domain.decide(domain.begin(KEY), NONE, issue(), NOW)
    assert isinstance(fact, DocumentNumberIssued)
    assert (fact.n, fact.document_no) == (1, "（辽本）应急责改〔2026〕1号")


def test_blocks_of_two_terminals_do_not_overlap_and_the_office_goes_on_behind_them() -> None:
    state = after(block(1, terminal=1), block(2, terminal=2))
    assert [(b.first, b.last) for b in state.blocks] == [(1, 50), (51, 100)]
    fact = domain.decide(state, NONE, issue(), NOW)
    assert isinstance(fact, DocumentNumberIssued)
    assert fact.n == 101


def test_a_number_that_stands_on_paper_is_never_given_out() -> None:
    fact = domain.decide(after(issue()), Standing(highest=57), issue(), NOW)
    assert isinstance(fact, DocumentNumberIssued)
    assert fact.n == 58
    reserved = domain.decide(after(issue()), Standing(highest=57), block(1, 3), NOW)
    assert isinstance(reserved, DocumentNumbersReserved)
    assert (reserved.from_n, reserved.to_n) == (58, 60)


def test_a_void_needs_a_reason_a_photo_and_an_approver() -> None:
    state = after(issue())
    for wrong in (
        Void(1, " ", "head", PHOTO),
        Void(1, "x" * 501, "head", PHOTO),
        Void(1, "torn", "", PHOTO),
        Void(1, "torn", "head", ()),
    ):
        assert refused(state, wrong).code == "bad_request"
    voided = domain.evolve(state, domain.decide(state, NONE, Void(1, "torn", "head", PHOTO), NOW))
    assert voided.voided == {1}
    assert refused(voided, Void(1, "torn", "head", PHOTO)).code == "conflict"


def test_a_number_that_was_never_given_out_or_is_used_cannot_be_voided() -> None:
    state = after(issue())
    assert refused(state, Void(2, "torn", "head", PHOTO)).code == "not_found"
    assert refused(state, Void(1, "torn", "head", PHOTO), Standing(used=True)).code == "conflict"


def test_the_rest_of_a_block_is_given_back_once_and_never_given_out_again() -> None:
    state = after(block(1, 50))
    fact = domain.decide(state, Standing(last_used=12), Return(state.blocks[0].id, 13, "year_end"), NOW)
    assert isinstance(fact, DocumentNumbersReturned)
    assert (fact.from_n, fact.to_n) == (13, 50)
    back = domain.evolve(state, fact)
    assert back.block_of(12) is not None
    assert back.block_of(13) is None
    again = domain.decide(back, NONE, issue(), NOW)
    assert isinstance(again, DocumentNumberIssued)
    assert again.n == 51
    assert refused(back, Return(state.blocks[0].id, 20, "year_end")).code == "conflict"
    assert refused(back, Void(20, "torn", "head", PHOTO)).code == "conflict"


def test_a_rest_that_begins_with_used_numbers_is_refused() -> None:
    state = after(block(1, 50))
    problem = refused(state, Return(state.blocks[0].id, 12, "year_end"), Standing(last_used=12))
    assert (problem.code, problem.fields) == ("conflict", {"expected": 13})
    assert refused(state, Return(bytes(16), 12, "other")).code == "not_found"
    assert refused(state, Return(state.blocks[0].id, 51, "other")).code == "bad_request"


@pytest.mark.parametrize(
    "wrong",
    [
        Reserve(bytes(16), 0, LATER, FRONT, terminal=bytes(16)),
        Reserve(bytes(16), domain.MAX_BLOCK + 1, LATER, FRONT, terminal=bytes(16)),
        Reserve(bytes(16), 5, NOW, FRONT, terminal=bytes(16)),
        Reserve(bytes(16), 5, NOW + 401 * domain.DAY_MS, FRONT, terminal=bytes(16)),
        Reserve(bytes(16), 5, LATER, FRONT),
        Reserve(bytes(16), 5, LATER, FRONT, terminal=bytes(16), holder="officer-0017"),
        Reserve(bytes(16), 5, LATER, "（辽本应急", terminal=bytes(16)),
        Reserve(bytes(16), 5, LATER, "", terminal=bytes(16)),
        Issue(FRONT, ""),
        Issue("（辽本）应急管理责", "officer-0017"),
        Issue(f"（{'辽' * 34}）应急", "officer-0017"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    state = domain.begin(KEY)
    if isinstance(wrong, Reserve) and not wrong.prefix:
        # Without a front the number names no agency; it is printed and read all the same.
        assert domain.decide(state, NONE, wrong, NOW)
        return
    assert refused(state, wrong).code == "bad_request"


def test_a_series_with_an_office_of_its_own_prints_that_offices_name() -> None:
    state = domain.begin("210500/罚-事故/2026")
    fact = domain.decide(state, NONE, issue(), NOW)
    assert isinstance(fact, DocumentNumberIssued)
    assert fact.document_no == "（辽本）应急罚〔2026〕事故-1号"


COMMANDS = st.one_of(
    st.builds(block, st.integers(0, 255), st.integers(1, 60), st.integers(1, 3)),
    st.builds(issue),
    st.builds(lambda n: Void(n, "spoiled", "head", PHOTO), st.integers(0, 200)),
    st.builds(lambda b, n: Return(bytes([b]) * 16, n, "other"), st.integers(0, 255), st.integers(1, 200)),
)


@given(st.lists(st.tuples(COMMANDS, st.integers(0, 120)), max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_number_is_ever_given_out_twice(history: list[tuple[Any, int]]) -> None:
    state = domain.begin(KEY)
    given_out: set[int] = set()
    for command, highest in history:
        try:
            fact = domain.decide(state, Standing(highest=highest), command, NOW)
        except Problem:
            continue
        match fact:
            case DocumentNumberIssued():
                new = {fact.n}
            case DocumentNumbersReserved():
                new = set(range(fact.from_n, fact.to_n + 1))
            case _:
                new = set()
        assert not new & given_out
        assert all(n > highest for n in new)
        given_out |= new
        state = domain.evolve(state, fact)
