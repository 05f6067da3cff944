"""The hash that binds review, discussion and decision to one draft: what it covers, and nothing else."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
import pytest

from schemas import canonical
from schemas.events import decode_body
from schemas.events.draft import DecisionDrafted, hash_of
from schemas.events.penalty import Benchmark, PenaltyLine
from tests.support import case_vectors
from tests.support.vector_parts import digest

KNOWN = "7c7c60cbfd00d14c9e08821304b5cd36df93560df4a45e63e04c9da2c6b5349f"


def draft(**changes: Any) -> DecisionDrafted:
    read = decode_body("decision.drafted.v1", case_vectors.FULL["decision.drafted.v1"])
    assert isinstance(read, DecisionDrafted)
    return msgspec.structs.replace(read, **changes)


def test_the_known_draft_has_the_known_hash() -> None:
    assert hash_of(draft()).hex() == KNOWN
    assert draft().draft_hash.hex() == KNOWN


def test_the_hash_is_that_of_the_canonical_bytes_of_exactly_seven_things() -> None:
    full = case_vectors.FULL["decision.drafted.v1"]
    covered = {key: full[key] for key in ("party", "facts", "evidence", "bases", "penalties", "benchmark")}

    data = canonical.encode({**covered, "remedies": full["remedies_text"]})

    assert sha256(data).hexdigest() == KNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"party": msgspec.structs.replace(draft().party, name="另一家示例公司")},
        {"facts": "事实有变"},
        {"evidence": ()},
        {"bases": ("安全生产法 100",)},
        {"penalties": (PenaltyLine(kind="P03", amount_fen=2_000_001),)},
        {"benchmark": Benchmark(id="BM-36", version="2026", tier="二档")},
        {"remedies_text": msgspec.UNSET},
    ],
    ids=lambda changes: str(next(iter(changes))),
)
def test_a_change_of_any_of_them_is_another_draft(changes: dict[str, Any]) -> None:
    assert hash_of(draft(**changes)).hex() != KNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"explanation": "另写一份说明"},
        {"version": 2},
        {"drafted_by": "officer-0099"},
        {"outside_reason": msgspec.UNSET},
        {"draft_hash": bytes(32)},
    ],
    ids=lambda changes: str(next(iter(changes))),
)
def test_a_change_of_anything_else_is_the_same_draft(changes: dict[str, Any]) -> None:
    assert hash_of(draft(**changes)).hex() == KNOWN


def test_evidence_counts_as_a_set() -> None:
    first, second = digest("a"), digest("b")

    assert hash_of(draft(evidence=(first, second, first))) == hash_of(draft(evidence=(second, first)))
