"""Claims about chain admission (wire protocol, section 3.1 step 3), case by case and against a small model.

`Shelf` plays the log: it keeps what was admitted and hands back what stands at the places a batch offers. Envelopes are
made of a seq, a link and a name; what else they hold does not matter here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import UNSET

from schemas import admission
from schemas.admission import (
    MAX_BRANCH_ENTRIES,
    MAX_BRANCHES,
    NOTHING_RARE,
    REVOKED_GRACE,
    Admission,
    Fresh,
    Known,
    Offer,
    Rare,
    Stored,
    TerminalState,
)
from schemas.batch import Lost
from schemas.entries import branch_id
from schemas.envelope import NOTE_BITS, Seen, Taken
from schemas.problems import Problem

TERMINAL = bytes(range(16))
GENESIS = sha256(b"genesis").digest()


def hash_of(seq: int, prev: bytes | None, name: str) -> bytes:
    return sha256(f"{seq} {name} ".encode() + (prev or b"?")).digest()


@dataclass(frozen=True)
class Paper:
    """An envelope: its seq, the link it names (None: nobody can read it), and what makes it another one."""

    seq: int
    prev: bytes | None
    name: str = ""
    id: bytes | None = None
    at: int | None = None

    @property
    def hash(self) -> bytes:
        return hash_of(self.seq, self.prev, self.name)

    @property
    def reading(self) -> Taken:
        notes = () if self.prev is not None else ("not_canonical", "unlinked")
        return Taken(self.hash, self.prev, notes, self.id, None if self.at is None else clocked(self.at))


def clocked(at: int) -> tuple[bytes, int, int]:
    return bytes(16), at % 1_000, at


def chain(first: int, count: int, prev: bytes, name: str = "") -> list[Paper]:
    """Envelopes first.. that link to one another."""
    made = []
    for seq in range(first, first + count):
        made.append(Paper(seq, prev, name))
        prev = made[-1].hash
    return made


@dataclass
class Shelf:
    """A terminal's place in a log."""

    state: TerminalState = field(default_factory=lambda: TerminalState(0, GENESIS))
    stored: dict[int, list[Stored]] = field(default_factory=dict)
    ids: set[bytes] = field(default_factory=set)
    size: int = 1
    log: list[tuple[int, bytes, bytes | None, tuple[str, ...]]] = field(default_factory=list)

    def offer(
        self,
        papers: Sequence[Paper],
        *,
        first: int | None = None,
        declared: int | None = None,
        head: bytes | None = None,
        lost: Sequence[Lost] = (),
        seen: Seen | None = None,
        split: bool = False,
    ) -> Admission:
        """Admit a batch and keep it. Whatever Problem comes leaves the shelf as it was."""
        start = papers[0].seq if papers else (self.state.seq + 1 if first is None else first)
        start = start if first is None else first
        last = start + len(papers) - 1
        # As the committer does it: the place before the batch matters to a heartbeat and behind a hole only.
        lowest = start if papers and not self.state.rare.holes else start - 1
        made = admission.admit(
            self.state,
            Offer(
                terminal=TERMINAL,
                first=start,
                readings=[p.reading for p in papers],
                declared=max(last, 0) if declared is None else declared,
                lost=list(lost) or UNSET,
                head=UNSET if papers else (self.state.hash if head is None else head),
                seen=UNSET if seen is None else seen,
                split=split,
                genesis=GENESIS,
            ),
            {s: list(self.stored[s]) for s in range(lowest, last + 1) if s in self.stored},
            self.ids,
        )
        for paper, result in zip(papers, made.results, strict=True):
            if isinstance(result, Fresh):
                bits = sum(NOTE_BITS[note] for note in result.notes)
                self.stored.setdefault(paper.seq, []).append(Stored(result.chain, paper.hash, self.size, 1, bits))
                self.log.append((paper.seq, paper.hash, result.branch, result.notes))
                self.size += 1
        self.size += len(made.incidents) + made.seal
        self.state = made.state
        return made

    def refused(self, papers: Sequence[Paper], **options: Any) -> Problem:
        before = (self.state, {s: list(v) for s, v in self.stored.items()}, self.size)
        with pytest.raises(Problem) as problem:
            self.offer(papers, **options)
        assert (self.state, self.stored, self.size) == before
        return problem.value


def outcomes(made: Admission) -> list[str]:
    return ["duplicate" if isinstance(r, Known) else "recorded" if r.branch is None else "forked" for r in made.results]


def notes(made: Admission) -> list[tuple[str, ...]]:
    return [r.notes if isinstance(r, Fresh) else ("?",) for r in made.results]


def incidents(made: Admission) -> list[str]:
    return [kind for kind, _ in made.incidents]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def five(shelf: Shelf) -> list[Paper]:
    """Five recorded envelopes."""
    made = chain(1, 5, GENESIS)
    shelf.offer(made)
    return made


# -- the chain -------------------------------------------------------------------------------------------------------


def test_what_links_to_the_head_is_recorded_and_moves_it(shelf: Shelf) -> None:
    made = shelf.offer(chain(1, 3, GENESIS))
    assert (outcomes(made), notes(made), made.seal, made.fresh) == (["recorded"] * 3, [()] * 3, True, 3)
    assert (shelf.state.seq, shelf.state.declared, shelf.state.held) == (3, 3, False)
    assert shelf.state.rare is NOTHING_RARE


def test_the_same_again_is_duplicate_and_changes_nothing(shelf: Shelf, five: list[Paper]) -> None:
    before = shelf.state
    made = shelf.offer(five)
    assert outcomes(made) == ["duplicate"] * 5
    assert [r.stored.position for r in made.results if isinstance(r, Known)] == [1, 2, 3, 4, 5]
    assert (made.seal, made.incidents, made.fresh, shelf.state) == (False, [], 0, before)


def test_half_known_and_half_new_goes_on_from_the_head(shelf: Shelf, five: list[Paper]) -> None:
    made = shelf.offer([*five[3:], *chain(6, 2, five[-1].hash)])
    assert outcomes(made) == ["duplicate"] * 2 + ["recorded"] * 2
    assert made.seal
    assert shelf.state.seq == 7


def test_a_duplicate_keeps_the_notes_that_it_was_stored_with(shelf: Shelf, five: list[Paper]) -> None:
    shelf.state = replace(shelf.state, held=True)
    again = shelf.offer(five).results[0]
    assert isinstance(again, Known)
    assert again.stored.note_bits == 0


@pytest.mark.parametrize("first", [7, 100])
def test_a_gap_names_what_was_expected_and_leaves_all_as_it_was(shelf: Shelf, five: list[Paper], first: int) -> None:
    problem = shelf.refused(chain(first, 2, bytes(32)))
    assert (problem.code, problem.fields) == ("gap", {"expected": 6})
    assert shelf.refused([], first=first).code == "gap"


def test_what_nobody_can_read_is_linked_by_its_place(shelf: Shelf, five: list[Paper]) -> None:
    odd = Paper(6, None, "garbage")
    made = shelf.offer([odd, *chain(7, 1, odd.hash)])
    assert outcomes(made) == ["recorded"] * 2
    assert notes(made) == [("not_canonical", "unlinked"), ()]
    assert outcomes(shelf.offer([odd])) == ["duplicate"]


def test_other_unreadable_bytes_at_a_taken_place_begin_a_branch(shelf: Shelf, five: list[Paper]) -> None:
    made = shelf.offer([Paper(5, None, "garbage")])
    assert outcomes(made) == ["forked"]
    assert incidents(made) == ["fork"]


# -- notes that depend on the log ------------------------------------------------------------------------------------


def test_an_id_that_the_log_knows_is_noted_and_recorded(shelf: Shelf) -> None:
    first = Paper(1, GENESIS, id=b"i" * 16)
    second = Paper(2, first.hash, id=b"i" * 16)
    assert notes(shelf.offer([first, second])) == [(), ("duplicate_id",)]
    assert notes(shelf.offer([Paper(3, second.hash, id=b"i" * 16)])) == [("duplicate_id",)]
    assert notes(shelf.offer([Paper(4, shelf.state.hash, id=b"j" * 16)])) == [()]


def test_a_clock_that_jumped_is_noted_within_and_across_batches(shelf: Shelf) -> None:
    papers = [Paper(1, GENESIS, at=1_000_000)]
    papers.append(Paper(2, papers[0].hash, at=2_000_000))
    assert notes(shelf.offer(papers)) == [(), ("clock_jump",)]
    assert notes(shelf.offer([Paper(3, papers[1].hash, at=2_000_500)])) == [()]
    assert notes(shelf.offer([Paper(4, shelf.state.hash, at=9_000_000)])) == [("clock_jump",)]
    assert notes(shelf.offer([Paper(5, shelf.state.hash)])) == [()]
    assert notes(shelf.offer([Paper(6, shelf.state.hash, at=1)])) == [()], "the envelope before had no clock"


def test_everything_of_a_held_terminal_is_noted(shelf: Shelf, five: list[Paper]) -> None:
    shelf.state = replace(shelf.state, held=True)
    assert notes(shelf.offer(chain(6, 2, five[-1].hash))) == [("held",)] * 2
    shelf.state = admission.release(shelf.state)
    assert notes(shelf.offer(chain(8, 1, shelf.state.hash))) == [()]


# -- holes -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def lost(shelf: Shelf, five: list[Paper]) -> list[Paper]:
    """6, 7 and 8 exist, were declared lost, and 9 was recorded behind them."""
    gone = chain(6, 3, five[-1].hash)
    made = shelf.offer(chain(9, 1, gone[-1].hash), lost=[Lost(6, gone[-1].hash, 8)])
    assert (outcomes(made), incidents(made), notes(made)) == (["recorded"], ["hole"], [("held",)])
    assert made.incidents[0][1] == {"first": 6, "hash": gone[-1].hash, "last": 8}
    return gone


def test_a_declared_loss_moves_the_head_and_holds_the_terminal(shelf: Shelf, lost: list[Paper]) -> None:
    assert (shelf.state.seq, shelf.state.held) == (9, True)
    assert outcomes(shelf.offer(chain(10, 2, shelf.state.hash))) == ["recorded"] * 2


def test_a_heartbeat_may_declare_a_loss(shelf: Shelf, five: list[Paper]) -> None:
    h = b"h" * 32
    made = shelf.offer([], first=8, head=h, declared=7, lost=[Lost(6, h, 7)])
    assert (incidents(made), shelf.state.seq, shelf.state.hash, shelf.state.held) == (["hole"], 7, h, True)


@pytest.mark.parametrize(
    "parts",
    [[Lost(7, b"h" * 32, 8)], [Lost(6, b"h" * 32, 7)], [Lost(1, b"h" * 32, 4)]],
    ids=["not from head+1", "not up to first-1", "below the head"],
)
def test_a_loss_that_does_not_cover_what_is_missing_is_a_gap(
    shelf: Shelf, five: list[Paper], parts: list[Lost]
) -> None:
    assert shelf.refused(chain(9, 1, b"h" * 32), lost=parts).code == "gap"


def test_a_loss_may_reach_below_the_head_and_parts_below_it_are_ignored(shelf: Shelf, five: list[Paper]) -> None:
    parts = [Lost(1, b"x" * 32, 2), Lost(4, b"h" * 32, 8)]
    made = shelf.offer(chain(9, 1, b"h" * 32), lost=parts)
    assert made.incidents == [("hole", {"first": 6, "hash": b"h" * 32, "last": 8})]


def test_the_same_loss_again_is_no_second_incident(shelf: Shelf, lost: list[Paper]) -> None:
    made = shelf.offer(chain(9, 1, lost[-1].hash), lost=[Lost(6, lost[-1].hash, 8)])
    assert (outcomes(made), incidents(made)) == (["duplicate"], [])


def test_what_stands_behind_a_hole_with_another_link_begins_a_branch(shelf: Shelf, five: list[Paper]) -> None:
    made = shelf.offer(chain(9, 2, b"other" + bytes(27)), lost=[Lost(6, b"h" * 32, 8)])
    assert outcomes(made) == ["forked"] * 2
    assert incidents(made) == ["hole", "fork"]
    assert (shelf.state.seq, shelf.state.hash) == (8, b"h" * 32)


def test_what_was_lost_and_found_fills_the_hole(shelf: Shelf, lost: list[Paper]) -> None:
    made = shelf.offer(lost)
    assert outcomes(made) == ["recorded"] * 3
    assert notes(made) == [("after_hole", "held")] * 3
    assert shelf.state.seq == 9


def test_a_part_that_links_to_the_head_before_the_hole_fills_it_and_the_rest_may_follow(
    shelf: Shelf, lost: list[Paper]
) -> None:
    assert notes(shelf.offer(lost[:1])) == [("after_hole", "held")]
    assert notes(shelf.offer(lost[1:])) == [("after_hole", "held")] * 2
    assert outcomes(shelf.offer(lost)) == ["duplicate"] * 3


def test_a_part_that_ends_in_the_hash_of_the_hole_fills_it(shelf: Shelf, lost: list[Paper]) -> None:
    assert notes(shelf.offer(lost[1:])) == [("after_hole", "held")] * 2
    assert notes(shelf.offer(lost[:1])) == [("after_hole", "held")]


def test_a_part_that_does_neither_begins_a_branch(shelf: Shelf, lost: list[Paper]) -> None:
    made = shelf.offer([Paper(7, b"n" * 32, "neither")])
    assert (outcomes(made), incidents(made)) == (["forked"], ["fork"])


def test_known_lost_and_new_ones_in_one_batch_find_their_places(
    shelf: Shelf, five: list[Paper], lost: list[Paper]
) -> None:
    ninth = chain(9, 1, lost[-1].hash)[0]
    made = shelf.offer([*five[3:], *lost, ninth, *chain(10, 1, ninth.hash)])
    assert outcomes(made) == ["duplicate"] * 2 + ["recorded"] * 3 + ["duplicate", "recorded"]
    assert made.incidents == []


def test_another_one_where_the_hole_was_filled_begins_a_branch(
    shelf: Shelf, five: list[Paper], lost: list[Paper]
) -> None:
    shelf.offer(lost)
    made = shelf.offer(chain(6, 2, five[-1].hash, "other"))
    assert (outcomes(made), incidents(made)) == (["forked"] * 2, ["fork"])


# -- forks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [1, 3, 5, 6])
def test_other_bytes_at_or_below_head_plus_one_begin_a_branch(shelf: Shelf, five: list[Paper], first: int) -> None:
    prev = b"?" * 32 if first == 6 else (GENESIS if first == 1 else five[first - 2].hash)
    other = chain(first, 3, prev, "other")
    made = shelf.offer(other)
    assert outcomes(made) == ["forked"] * 3
    name = branch_id(TERMINAL, first, other[0].hash)
    assert made.incidents == [("fork", {"branch": name, "seq": first})]
    assert {r.branch for r in made.results if isinstance(r, Fresh)} == {name}
    assert notes(made) == [("held",)] * 3
    assert (shelf.state.seq, shelf.state.hash, shelf.state.held) == (5, five[-1].hash, True)


def test_the_honest_chain_goes_on_held_and_the_branch_beside_it(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(4, 2, five[2].hash, "other")
    shelf.offer(other)
    assert outcomes(shelf.offer(chain(6, 1, five[-1].hash))) == ["recorded"]
    more = shelf.offer(chain(6, 2, other[-1].hash, "other"))
    assert (outcomes(more), incidents(more)) == (["forked"] * 2, [])
    assert len(shelf.state.rare.branches) == 1
    assert outcomes(shelf.offer(other)) == ["duplicate"] * 2


def test_known_ones_in_front_of_a_fork_stay_known_and_all_behind_it_is_forked(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(4, 1, five[2].hash, "other")
    made = shelf.offer([*five[2:3], *other, *chain(5, 2, other[0].hash, "other")])
    assert outcomes(made) == ["duplicate"] + ["forked"] * 3


def test_a_branch_longer_than_the_chain_goes_on(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(4, 9, five[2].hash, "other")
    shelf.offer(other[:5])
    made = shelf.offer(other[5:])
    assert (outcomes(made), incidents(made)) == (["forked"] * 4, [])
    assert shelf.state.seq == 5
    beat = shelf.offer([], first=13, head=other[-1].hash, declared=12)
    assert incidents(beat) == []


def test_repeating_a_branch_and_going_on_with_it_in_one_batch_begins_no_second_one(
    shelf: Shelf, five: list[Paper]
) -> None:
    other = chain(4, 4, five[2].hash, "other")
    shelf.offer(other[:2])
    made = shelf.offer([five[2], *other])
    assert outcomes(made) == ["duplicate"] * 3 + ["forked"] * 2
    assert incidents(made) == []


def test_all_that_follows_a_fork_in_its_batch_is_forked_whatever_it_links_to(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(4, 1, five[2].hash, "other")
    loose = Paper(5, b"?" * 32, "loose")
    made = shelf.offer([*other, loose, Paper(6, five[-1].hash, "sixth")])
    assert (outcomes(made), incidents(made)) == (["forked"] * 3, ["fork"])
    assert shelf.state.seq == 5


def test_a_known_one_behind_a_fork_does_not_lead_back_to_the_chain(shelf: Shelf, five: list[Paper]) -> None:
    made = shelf.offer([*chain(4, 1, five[2].hash, "other"), five[4], Paper(6, five[4].hash, "sixth")])
    assert outcomes(made) == ["forked", "duplicate", "forked"]


def test_a_link_that_does_not_fit_begins_a_branch_even_if_all_places_are_free(shelf: Shelf) -> None:
    papers = chain(1, 2, GENESIS)
    made = shelf.offer([*papers, Paper(3, b"?" * 32, "loose")])
    assert (outcomes(made), shelf.state.seq) == (["recorded"] * 2 + ["forked"], 2)


def test_a_branch_that_goes_on_after_the_release_holds_the_terminal_again(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(4, 3, five[2].hash, "other")
    shelf.offer(other[:1])
    shelf.state = admission.release(admission.resolve_fork(shelf.state, "stored"))
    made = shelf.offer(other[1:])
    assert (outcomes(made), notes(made)[0], shelf.state.held) == (["forked"] * 2, ("held",), True)


def test_an_unreadable_envelope_on_a_branch_stays_on_it(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(4, 1, five[2].hash, "other")
    shelf.offer(other)
    made = shelf.offer([*other, Paper(5, None, "garbage")])
    assert (outcomes(made), incidents(made)) == (["duplicate", "forked"], [])
    # Also where its place would be the next one of the chain.
    made = shelf.offer([Paper(5, None, "garbage"), Paper(6, None, "more")])
    assert outcomes(made) == ["duplicate", "forked"]


def test_eight_branches_and_no_ninth(shelf: Shelf, five: list[Paper]) -> None:
    for number in range(MAX_BRANCHES):
        assert outcomes(shelf.offer(chain(5, 1, five[3].hash, f"b{number}"))) == ["forked"]
    problem = shelf.refused(chain(5, 1, five[3].hash, "ninth"))
    assert (problem.code, problem.fields["limit"]) == ("quota_exceeded", 8)
    shelf.state = admission.resolve_fork(shelf.state, "stored")
    assert outcomes(shelf.offer(chain(5, 1, five[3].hash, "ninth"))) == ["forked"]


def test_five_thousand_branch_entries_and_no_more(shelf: Shelf, five: list[Paper]) -> None:
    side = chain(5, MAX_BRANCH_ENTRIES + 1, five[3].hash, "side")
    for start in range(0, MAX_BRANCH_ENTRIES, 500):
        shelf.offer(side[start : start + 500])
    problem = shelf.refused(side[-1:])
    assert (problem.code, problem.fields["limit"]) == ("quota_exceeded", 5_000)
    assert outcomes(shelf.offer(side[:500])) == ["duplicate"] * 500


# -- what officers do ------------------------------------------------------------------------------------------------


def test_a_branch_that_is_named_goes_on_as_the_chain(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(4, 3, five[2].hash, "other")
    name = shelf.offer(other).incidents[0][1]["branch"]
    shelf.state = admission.release(admission.resolve_fork(shelf.state, name))
    assert (shelf.state.seq, shelf.state.hash) == (6, other[-1].hash)
    made = shelf.offer([other[-1], *chain(7, 1, other[-1].hash)])
    assert outcomes(made) == ["duplicate", "recorded"]
    assert notes(made)[1] == ()
    assert outcomes(shelf.offer(five)) == ["duplicate"] * 5
    later = shelf.offer(chain(6, 2, five[-1].hash))
    assert (outcomes(later), incidents(later)) == (["forked"] * 2, ["fork"])


def test_a_shorter_branch_that_is_named_goes_on_where_it_ended(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(2, 1, five[0].hash, "other")
    name = shelf.offer(other).incidents[0][1]["branch"]
    shelf.state = admission.release(admission.resolve_fork(shelf.state, name))
    made = shelf.offer(chain(3, 2, other[-1].hash, "other"))
    assert outcomes(made) == ["recorded"] * 2
    assert shelf.state.seq == 4


def test_the_stored_chain_that_is_named_goes_on_and_the_branch_stays_one(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(5, 1, five[3].hash, "other")
    shelf.offer(other)
    shelf.state = admission.resolve_fork(shelf.state, "stored")
    assert shelf.state.held
    assert outcomes(shelf.offer(chain(6, 1, other[0].hash, "other"))) == ["forked"]
    assert outcomes(shelf.offer(chain(6, 1, five[-1].hash))) == ["recorded"]


def test_a_branch_that_there_is_not_cannot_be_named(shelf: Shelf, five: list[Paper]) -> None:
    with pytest.raises(Problem) as refused:
        admission.resolve_fork(shelf.state, bytes(32))
    assert refused.value.code == "not_found"


def test_a_revoked_terminal_hands_in_what_it_had_declared_and_2000_more(shelf: Shelf, five: list[Paper]) -> None:
    shelf.offer([], declared=40, head=five[-1].hash)
    shelf.state = admission.revoke(shelf.state)
    assert shelf.state.revoked == 40
    side = chain(6, 40 + REVOKED_GRACE - 5 + 1, five[-1].hash)
    for start in range(0, len(side) - 1, 500):
        made = shelf.offer(side[start : min(start + 500, len(side) - 1)])
        assert set(notes(made)) == {("held",)}
    assert shelf.state.seq == 2_040
    problem = shelf.refused(side[-1:])
    assert (problem.code, problem.fields) == ("revoked", {"limit": 2_040})


# -- heartbeats ------------------------------------------------------------------------------------------------------


def test_a_heartbeat_that_raises_declared_is_sealed_and_another_is_not(shelf: Shelf, five: list[Paper]) -> None:
    assert not shelf.offer([], declared=5).seal
    assert shelf.offer([], declared=9).seal
    assert shelf.state.declared == 9
    assert not shelf.offer([], declared=8).seal
    assert shelf.state.declared == 9


def test_a_heartbeat_from_an_earlier_place_is_compared_with_what_stands_there(shelf: Shelf, five: list[Paper]) -> None:
    assert incidents(shelf.offer([], first=3, head=five[1].hash)) == []
    assert incidents(shelf.offer([], first=1, head=GENESIS)) == []
    assert incidents(shelf.offer([], first=3, head=b"x" * 32)) == ["fork_claimed"]
    assert incidents(shelf.offer([], first=1, head=b"x" * 32)) == ["fork_claimed"]


def test_a_heartbeat_on_a_branch_is_no_claim(shelf: Shelf, five: list[Paper]) -> None:
    other = chain(4, 2, five[2].hash, "other")
    shelf.offer(other)
    assert incidents(shelf.offer([], first=5, head=other[0].hash)) == []


def test_a_claimed_fork_is_told_once_and_neither_sealed_nor_believed(shelf: Shelf, five: list[Paper]) -> None:
    made = shelf.offer([], head=b"x" * 32, declared=99)
    assert made.incidents == [("fork_claimed", {"head": b"x" * 32, "seq": 5})]
    assert (made.seal, shelf.state.declared, shelf.state.held) == (False, 5, False)
    assert shelf.offer([], head=b"x" * 32, declared=99).incidents == []


def test_a_heartbeat_from_within_a_hole_is_not_compared_but_at_its_end_it_is(shelf: Shelf, lost: list[Paper]) -> None:
    assert incidents(shelf.offer([], first=8, head=b"x" * 32, declared=9)) == []
    assert incidents(shelf.offer([], first=9, head=lost[-1].hash, declared=9)) == []
    assert incidents(shelf.offer([], first=9, head=b"x" * 32, declared=9)) == ["fork_claimed"]


# -- split view ------------------------------------------------------------------------------------------------------


def test_a_split_view_is_recorded_once_for_each_seen_and_stops_nothing(shelf: Shelf) -> None:
    wrong, other = Seen(1, b"r" * 32, 9), Seen(2, b"r" * 32, 9)
    made = shelf.offer(chain(1, 1, GENESIS), seen=wrong, split=True)
    assert (outcomes(made), made.incidents) == (
        ["recorded"],
        [("split_view", {"epoch": 1, "root": b"r" * 32, "size": 9})],
    )
    assert incidents(shelf.offer(chain(2, 1, shelf.state.hash), seen=wrong, split=True)) == []
    assert incidents(shelf.offer(chain(3, 1, shelf.state.hash), seen=other, split=True)) == ["split_view"]
    assert incidents(shelf.offer(chain(4, 1, shelf.state.hash), seen=Seen(1, b"q" * 32, 2), split=False)) == []


# -- against a model -------------------------------------------------------------------------------------------------


class Chains(RuleBasedStateMachine):
    """A terminal, its clones, replays, losses and officers, against rules stated once more in the plainest way.

    The model knows which (seq, hash) stand in the log and where; the chain that goes on; and nothing of how admission
    gets there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.hands: list[list[Paper]] = [[]]
        self.placed: dict[tuple[int, bytes], int] = {}
        self.branched: set[tuple[int, bytes]] = set()
        self.names = 0
        self.holes: list[tuple[int, int]] = []

    @initialize(count=st.integers(1, 4))
    def begin(self, count: int) -> None:
        self.write(0, count)
        self.send(0, 0, count)

    def write(self, hand: int, count: int) -> None:
        own = self.hands[hand]
        for _ in range(count):
            self.names += 1
            own.append(Paper(len(own) + 1, own[-1].hash if own else GENESIS, f"n{self.names}"))

    def send(self, hand: int, start: int, end: int) -> None:
        papers = self.hands[hand][start:end]
        if not papers:
            return
        state = self.shelf.state
        continues = any(b.seq == papers[0].seq - 1 and b.hash == papers[0].prev for b in state.rare.branches)
        gap = papers[0].seq > state.seq + 1 and not continues
        fresh = [p for p in papers if (p.seq, p.hash) not in self.placed]
        try:
            made = self.shelf.offer(papers)
        except Problem as problem:
            refusal: Problem | None = problem
        else:
            refusal = None
        if refusal is not None:
            assert refusal.code in ("gap", "quota_exceeded")
            assert gap == (refusal.code == "gap")
            assert not gap or refusal.fields == {"expected": state.seq + 1}
            return
        assert not gap
        self.compare(papers, made, state, len(fresh))

    def compare(self, papers: list[Paper], made: Admission, before: TerminalState, fresh: int) -> None:
        assert made.fresh == fresh
        aside = False
        head, link = before.seq, before.hash
        for paper, result in zip(papers, made.results, strict=True):
            name = (paper.seq, paper.hash)
            if isinstance(result, Known):
                assert self.placed[name] == result.stored.position
                aside = aside or result.stored.chain in {b.number for b in before.rare.branches}
                continue
            assert name not in self.placed, "an envelope that stands is never written again"
            position = next(s.position for s in self.shelf.stored[paper.seq] if s.hash == paper.hash)
            self.placed[name] = position
            in_hole = any(low <= paper.seq <= high for low, high in self.holes)
            if not in_hole:
                extends = not aside and (paper.seq, paper.prev) == (head + 1, link)
                assert (result.branch is None) == extends
            if result.branch is not None:
                aside = True
                self.branched.add(name)
            elif paper.seq == head + 1:
                head, link = paper.seq, paper.hash
        assert (self.shelf.state.seq, self.shelf.state.hash) == (head, link)
        if aside and made.fresh and any(isinstance(r, Fresh) and r.branch is not None for r in made.results):
            assert self.shelf.state.held

    @rule(hand=st.integers(0, 3), count=st.integers(1, 5))
    def record(self, hand: int, count: int) -> None:
        self.write(hand % len(self.hands), count)

    @rule(hand=st.integers(0, 3), start=st.integers(0, 30), count=st.integers(1, 12))
    def upload(self, hand: int, start: int, count: int) -> None:
        own = self.hands[hand % len(self.hands)]
        at = min(start, max(0, len(own) - 1))
        self.send(hand % len(self.hands), at, at + count)

    @rule(hand=st.integers(0, 3))
    def upload_the_rest(self, hand: int) -> None:
        own = self.hands[hand % len(self.hands)]
        at = next((i for i, p in enumerate(own) if (p.seq, p.hash) not in self.placed), len(own))
        self.send(hand % len(self.hands), at, len(own))

    @precondition(lambda self: len(self.hands) < 4)
    @rule(hand=st.integers(0, 3), at=st.integers(0, 30))
    def clone(self, hand: int, at: int) -> None:
        own = self.hands[hand % len(self.hands)]
        self.hands.append(own[: min(at, len(own))])

    @precondition(lambda self: self.shelf.state.rare.branches)
    @rule(pick=st.integers(0, 7), stored=st.booleans())
    def resolve(self, pick: int, stored: bool) -> None:
        branches = self.shelf.state.rare.branches
        name: bytes | Literal["stored"] = "stored" if stored else branches[pick % len(branches)].id
        self.shelf.state = admission.release(admission.resolve_fork(self.shelf.state, name))

    @rule(hand=st.integers(0, 3), skip=st.integers(1, 3))
    def lose(self, hand: int, skip: int) -> None:
        """What follows the head was lost on the way; what stands behind it comes."""
        own = self.hands[hand % len(self.hands)]
        state = self.shelf.state
        if len(own) <= state.seq + skip or (
            state.seq and (len(own) < state.seq or own[state.seq - 1].hash != state.hash)
        ):
            return
        last = own[state.seq + skip - 1]
        first = own[state.seq + skip]
        if any((p.seq, p.hash) in self.placed for p in (*own[state.seq : state.seq + skip], first)):
            return
        made = self.shelf.offer([first], lost=[Lost(state.seq + 1, last.hash, last.seq)])
        if outcomes(made) == ["recorded"] and incidents(made) == ["hole"]:
            self.holes.append((state.seq + 1, last.seq))
        self.placed[first.seq, first.hash] = self.shelf.stored[first.seq][-1].position
        assert self.shelf.state.held

    @rule(at=st.integers(0, 30), good=st.booleans())
    def heartbeat(self, at: int, good: bool) -> None:
        state = self.shelf.state
        place = min(at, state.seq)
        here = [s.hash for s in self.shelf.stored.get(place, [])] or ([GENESIS] if place == 0 else [])
        if place == state.seq:
            here.append(state.hash)
        head = here[0] if good and here else b"x" * 32
        made = self.shelf.offer([], first=place + 1, head=head, declared=state.declared)
        inside = any(low <= place < high for low, high in self.holes)
        expected = [] if head in here or inside else ["fork_claimed"]
        assert incidents(made) in (expected, [])
        if head in here:
            assert incidents(made) == []

    @invariant()
    def every_envelope_stands_once(self) -> None:
        for seq, rows in self.shelf.stored.items():
            assert len({row.hash for row in rows}) == len(rows), f"seq {seq} holds one envelope twice"
        positions = [row.position for rows in self.shelf.stored.values() for row in rows]
        assert len(set(positions)) == len(positions)

    @invariant()
    def a_branch_is_linked_from_its_beginning(self) -> None:
        links = {p.hash: p for hand in self.hands for p in hand}
        for branch in self.shelf.state.rare.branches:
            here = links.get(branch.hash)
            for _ in range(branch.seq - branch.first):
                assert here is not None
                assert here.prev is not None
                here = links.get(here.prev)
            assert here is None or here.seq == branch.first

    @invariant()
    def counters_are_within_bounds(self) -> None:
        rare: Rare = self.shelf.state.rare
        assert rare.open_branches <= MAX_BRANCHES
        assert rare.branch_entries <= MAX_BRANCH_ENTRIES


Chains.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestChains = Chains.TestCase
