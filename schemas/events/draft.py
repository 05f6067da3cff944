"""Drafts of decisions, and the hash that binds review, discussion and decision to one of them (E29, steps B6, B11).

The invariant: `draft_hash` covers exactly party, facts, digests of the evidence, bases, penalties, benchmark and
remedies; whoever changes one of them has another draft, which nobody has reviewed (INV-17).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas import typed
from schemas.events.body import Act, Body, Part, Spec
from schemas.events.case import Party
from schemas.events.fields import Count, Digest, Id, LegalDate, Line, Ref, Text, says
from schemas.events.penalty import Benchmark, PenaltyLine


class DecisionDrafted(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The handlers drafted a decision (决定书草案). Each version is a new act with a hash of its own."""

    SPEC: ClassVar = Spec(
        name="decision.drafted.v1",
        family="E29",
        origin="office",
        step="B6",
        zh="起草决定",
        en="Decision drafted",
        about_zh="承办人起草处罚决定草案，送审和讨论均以草案摘要为准。",
        about_en="The handlers drafted a decision; review and discussion are bound to it by its hash.",
        tags=("case", "enterprise"),
    )

    draft_id: Annotated[Id, says("草案编号", "id of this version of the draft")]
    case_id: Annotated[Id, says("案件编号", "case that is to be decided")]
    version: Annotated[Count, says("草案版次", "which version, from 1")]
    kind: Annotated[
        Literal["penalty", "daily_penalty", "no_penalty", "other"], says("决定种类", "what is to be decided")
    ]
    party: Annotated[Party, says("当事人", "party as the decision will name it", "PPL 59")]
    facts: Annotated[Text, says("违法事实", "facts as the decision will state them", "PPL 59")]
    evidence: Annotated[
        tuple[Digest, ...], Meta(min_length=1, max_length=500), says("证据摘要", "SHA-256 of each piece of evidence")
    ] = ()
    bases: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("处罚依据", "clauses that it rests on", "PPL 59")
    ]
    penalties: Annotated[
        tuple[PenaltyLine, ...], Meta(min_length=1, max_length=32), says("拟处罚内容", "none if no penalty", "PPL 59")
    ] = ()
    benchmark: Annotated[Benchmark | UnsetType, says("裁量基准", "benchmark that was applied", "INV-21")] = UNSET
    outside_reason: Annotated[
        Text | UnsetType, says("突破基准理由", "why the benchmark was left, if it was", "PPL 34")
    ] = UNSET
    remedies_text: Annotated[Text | UnsetType, says("救济途径", "remedies as they will be printed", "ARL 20")] = UNSET
    draft_hash: Annotated[Digest, says("草案摘要", "as `draft_hash` computes it from this body", "INV-17")]
    supersedes: Annotated[Digest | UnsetType, says("替代的草案", "draft hash of the version before")] = UNSET
    explanation: Annotated[Text | UnsetType, says("起草说明", "explanation for reviewer and heads")] = UNSET
    drafted_by: Annotated[Ref, says("起草人", "officer id of who drafted it")]
    drafted_on: Annotated[LegalDate, says("起草日期", "date of the draft")]


class _Hashed(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What the hash of a draft covers; encoded with its keys in ascending order, absent fields omitted."""

    party: Party
    facts: str
    evidence: tuple[bytes, ...]
    bases: tuple[str, ...]
    penalties: tuple[PenaltyLine, ...]
    benchmark: Benchmark | UnsetType = UNSET
    remedies: str | UnsetType = UNSET


def draft_hash(
    *,
    party: Party,
    facts: str,
    evidence: Iterable[bytes],
    bases: Iterable[str],
    penalties: Iterable[PenaltyLine],
    benchmark: Benchmark | UnsetType = UNSET,
    remedies: str | UnsetType = UNSET,
) -> bytes:
    """Return the hash of a draft: SHA-256 of the canonical bytes of a map of exactly these seven (INV-17).

    Digests of evidence (32 bytes each) count as a set: sorted, each once; `bases` and `penalties` keep their order. An
    absent benchmark or remedy text is an absent key; an empty list is an empty array.
    """
    covered = _Hashed(
        party=party,
        facts=facts,
        evidence=tuple(sorted(set(evidence))),
        bases=tuple(bases),
        penalties=tuple(penalties),
        benchmark=benchmark,
        remedies=remedies,
    )
    return sha256(typed.encode(covered)).digest()


def hash_of(draft: DecisionDrafted) -> bytes:
    """Return the hash that a draft must state; a body that states another one is not the draft that it claims."""
    return draft_hash(
        party=draft.party,
        facts=draft.facts,
        evidence=draft.evidence,
        bases=draft.bases,
        penalties=draft.penalties,
        benchmark=draft.benchmark,
        remedies=draft.remedies_text,
    )


TYPES: Final[tuple[type[Body], ...]] = (DecisionDrafted,)
"""The types of this module, in the order of the process."""
