"""When a record was made: what seals and checkpoints prove, and what only the terminal's own clock says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.lateness import Bounds, Sealed, bounds, classify

HOUR = 3_600_000
LIMIT = 24 * HOUR
DAY = 24 * HOUR
ACT = 1_700_000_000_000
NOTHING = Bounds(None, None)


def test_what_came_within_the_limit_is_in_time_to_the_millisecond() -> None:
    assert classify(ACT, ACT, ACT + LIMIT, NOTHING, LIMIT) == "in_time"
    assert classify(ACT, ACT, ACT + LIMIT + 1, NOTHING, LIMIT) == "late_sync_unproven"


def test_a_terminal_that_had_sealed_the_record_in_time_only_uploaded_it_late() -> None:
    seals = [Sealed(ACT - HOUR, 40), Sealed(ACT + 2 * HOUR, 60), Sealed(ACT + 5 * DAY, 60)]
    made = bounds(52, seals, None)
    assert made == Bounds(ACT - HOUR, ACT + 2 * HOUR)
    assert classify(ACT, ACT + HOUR, ACT + 5 * DAY, made, LIMIT) == "late_sync"


def test_a_record_that_the_terminal_did_not_have_yet_after_the_limit_was_entered_late_whatever_its_clock_says() -> None:
    seals = [Sealed(ACT + 3 * DAY, 51), Sealed(ACT + 5 * DAY, 60)]
    made = bounds(52, seals, None)
    assert made.not_before == ACT + 3 * DAY
    assert classify(ACT, ACT + HOUR, ACT + 5 * DAY, made, LIMIT) == "late_entry"


def test_a_record_that_cites_a_checkpoint_of_after_the_limit_was_entered_late() -> None:
    made = bounds(52, [], ACT + LIMIT + 1)
    assert classify(ACT, ACT, ACT + 5 * DAY, made, LIMIT) == "late_entry"
    near = bounds(52, [], ACT + LIMIT)
    assert classify(ACT, ACT, ACT + 5 * DAY, near, LIMIT) == "late_sync_unproven"


def test_where_nobody_else_speaks_the_clock_of_the_terminal_decides_and_that_is_said() -> None:
    assert classify(ACT, ACT + LIMIT, ACT + 5 * DAY, NOTHING, LIMIT) == "late_sync_unproven"
    assert classify(ACT, ACT + LIMIT + 1, ACT + 5 * DAY, NOTHING, LIMIT) == "late_entry"


def test_the_newest_of_the_lower_bounds_and_the_first_of_the_upper_ones_count() -> None:
    seals = [Sealed(30, 9), Sealed(10, 5), Sealed(90, 12), Sealed(70, 10)]
    assert bounds(10, seals, 20) == Bounds(30, 70)
    assert bounds(10, seals, 40) == Bounds(40, 70)
    assert bounds(13, seals, None) == Bounds(90, None)
    assert bounds(1, seals, None) == Bounds(None, 10)


@given(
    st.integers(0, 10 * DAY), st.integers(0, 10 * DAY), st.lists(st.tuples(st.integers(0, 10 * DAY), st.integers(0, 9)))
)
def test_an_honest_terminal_is_never_called_late_in_entry_when_it_wrote_in_time(
    made_after: int, received_after: int, seals: list[tuple[int, int]]
) -> None:
    """Seals of a terminal that tells the truth: it has record 5 from the moment on at which it made it."""
    written = min(made_after, LIMIT)
    received = max(written, received_after)
    said = [Sealed(ACT + at, max(5, n) if at >= written else min(4, n)) for at, n in seals if at <= received]
    found = classify(ACT, ACT + written, ACT + received, bounds(5, said, None), LIMIT)
    assert found in ("in_time", "late_sync", "late_sync_unproven")


@given(st.integers(1, 10 * DAY), st.lists(st.integers(0, 10 * DAY), min_size=1))
def test_what_was_made_after_the_limit_is_never_called_proven(after: int, instants: list[int]) -> None:
    written = LIMIT + after
    said = [Sealed(ACT + at, 5 if at >= written else 4) for at in instants]
    assert classify(ACT, ACT, ACT + written + DAY, bounds(5, said, None), LIMIT) != "late_sync"
