"""No sequence of forms, programs and uploads gets a decision its number without a passed review of that very draft.

A state machine does whatever officers and terminals can do, in any order; a referee who knows nothing of judges and
gates reads the log. The control is the same machine on a desk without its gates: there the referee must object.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from domain.office import gates
from server.log.desk import Gate
from tests.support.cases import LIN, REVIEWER
from tests.support.office import HEAD, SECOND, STRAY, UNIT, Attack, discussion, opinion
from tests.support.postgres import TestDatabase

FULL = os.environ.get("LIUHEN_FULL") == "1"
EXAMPLES, STEPS = (230, 100) if FULL else (22, 100)
DRAFTERS = st.sampled_from((LIN, UNIT, UNIT))
REVIEWERS = st.sampled_from((REVIEWER, REVIEWER, SECOND))
NAMED = st.sampled_from((REVIEWER, SECOND, LIN, STRAY))
OUTCOMES = st.sampled_from(("passed", "passed", "returned_for_correction", "rejected", "transfer_suggested"))
FENS = st.sampled_from((6_000_000, 5_900_000, 7_000_000))
OLD = st.integers(0, 3)
"""Which draft or review of the case is meant: 0 the newest, else one before it."""
FORMS = st.sampled_from((False, False, True))
AGAINST = st.sampled_from(
    (
        "draft",
        "ask",
        "assign",
        "conclude",
        "return",
        "take_back",
        "discuss",
        "decide",
        "decide",
        "number",
        "claim",
        "claim",
    )
)


def machine_of(attack: Attack) -> type[RuleBasedStateMachine]:
    """The machine on a running house."""

    class Office(RuleBasedStateMachine):
        """One example is a case, and another one as soon as that is decided."""

        @initialize()
        def begin(self) -> None:
            attack.begin_case()

        @rule(form=FORMS)
        def goes_on(self, form: bool) -> None:
            """What an honest office would do next."""
            attack.go_on(form)

        @rule(form=FORMS)
        def goes_on_as_well(self, form: bool) -> None:
            """The same: half of what happens is honest, or nothing would ever be decided."""
            attack.go_on(form)

        @rule(what=AGAINST, who=DRAFTERS, by=REVIEWERS, named=NAMED, fen=FENS, outcome=OUTCOMES, old=OLD, form=FORMS)
        def tries(  # the strategies are those of one attempt, whatever it turns out to be
            self, what: str, who: str, by: str, named: str, fen: int, outcome: str, old: int, form: bool
        ) -> None:
            """Anything that an officer or a terminal can do, on whatever draft and review, whoever may."""
            wanted, review = attack.draft_of(old), attack.review_of(old)
            match what:
                case "draft":
                    attack.draft(who, fen, form)
                case "ask":
                    attack.ask(who, wanted, form)
                case "assign":
                    attack.assign(by, review, named, form)
                case "conclude":
                    attack.act(by, "conclude-review", opinion(review, wanted, outcome), form=True)
                case "return":
                    told = {"review": review, "reason": "材料不齐", "missing": ["听证笔录"]}
                    attack.act(by, "ask-for-correction", told, form=True)
                case "take_back":
                    attack.act(who, "withdraw-review", {"review": review, "reason": "重新起草"}, form=True)
                case "discuss":
                    attack.act(HEAD, "discuss", discussion(wanted), form=form)
                case "decide":
                    attack.decide(wanted, form)
                case "number":
                    attack.number(who)
                case _:
                    attack.claim(bytes.fromhex(wanted), named)

        @rule()
        def records(self) -> None:
            """The field goes on with its work."""
            body = {"case_id": attack.case, "waived": False, "content_hash": bytes(32), "adopted": "rejected"}
            attack.upload([("defence.recorded.v1", body, attack.about)])

        @invariant()
        def the_referee_reads_the_log(self) -> None:
            # It keeps what it objects to; raised here, it would be tried again on a log that has gone on.
            attack.look()

    return Office


@contextmanager
def attacked(database: TestDatabase, folder: Path, gate: Gate = gates.closed) -> Iterator[Attack]:
    attack = Attack(database, folder, gate)
    try:
        yield attack
    finally:
        attack.close()


def run(attack: Attack, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine_of(attack),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, derandomize=True, database=None, deadline=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip


@pytest.mark.slow
def test_no_sequence_of_calls_gets_a_number_for_a_decision_without_a_passed_review_of_that_very_draft(
    database: TestDatabase, short_folder: Path
) -> None:
    with attacked(database, short_folder) as attack:
        run(attack, EXAMPLES, STEPS)
        attack.look()
        referee = attack.referee
        print(attack.steps, referee.decisions, referee.claims, attack.statuses)
        assert referee.faults == []
        assert attack.steps >= (20_000 if FULL else 2_000)
        assert referee.decisions >= EXAMPLES // 2, "a machine that never decides shows nothing"
        assert referee.numbers == referee.decisions
        assert any(key.startswith("decide 409") for key in attack.statuses)


@pytest.mark.slow
def test_the_machine_turns_red_when_the_gate_is_taken_out(database: TestDatabase, short_folder: Path) -> None:
    def open_gate(_matter: Any, _act: Any) -> tuple[()]:
        return ()

    with attacked(database, short_folder, open_gate) as attack:
        run(attack, 3, 60)
        attack.look()
        assert any("was not passed in review" in fault for fault in attack.referee.faults)
