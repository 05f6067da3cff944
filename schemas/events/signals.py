"""Signals disputed and resolved (预警, E50). Signals themselves are computed and never recorded.

The invariant: a signal is not a finding; a person resolves it and says why, and a rebuild raises nothing anew.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Digest, Id, Line, Ref, Text, says

SignalId = Annotated[str, Meta(min_length=16, max_length=16, pattern=r"^[0-9a-f]*$(?!\n)")]
"""First 16 hexadecimal digits of the digest of rule, matter and what the signal is about."""

SignalRule = Annotated[str, Meta(min_length=6, max_length=6, pattern=r"^SIG-[0-9]{2}$(?!\n)")]


class SignalDisputed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An officer disputed a signal, with grounds, before it was resolved."""

    SPEC: ClassVar = Spec(
        name="signal.disputed.v1",
        family="E50",
        origin="office",
        step="R8",
        zh="预警异议",
        en="Signal disputed",
        about_zh="执法人员对预警提出异议并说明理由。",
        about_en="An officer disputed a signal and gave grounds.",
        tags=("case", "task", "hazard", "officer"),
    )

    signal_id: Annotated[SignalId, says("预警编号", "id of the signal")]
    rule: Annotated[SignalRule, says("预警规则", "rule that raised it, e.g. SIG-06")]
    matter: Annotated[Ref | UnsetType, says("所属事项", "kind and key of the matter")] = UNSET
    officer: Annotated[Ref, says("异议人", "officer id of who disputes it")]
    grounds: Annotated[Text, says("异议理由", "why it is no fault")]
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("证据编号", "evidence that shows it")
    ] = ()


class SignalResolved(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A person looked at a signal and settled it."""

    SPEC: ClassVar = Spec(
        name="signal.resolved.v1",
        family="E50",
        origin="office",
        step="R8",
        zh="预警核销",
        en="Signal resolved",
        about_zh="对预警作出核查结论。",
        about_en="A signal was looked into and settled.",
        tags=("case", "task", "hazard", "officer"),
    )

    signal_id: Annotated[SignalId, says("预警编号", "id of the signal")]
    rule: Annotated[SignalRule, says("预警规则", "rule that raised it, e.g. SIG-06")]
    matter: Annotated[Ref | UnsetType, says("所属事项", "kind and key of the matter")] = UNSET
    resolution: Annotated[
        Literal["explained", "corrected", "confirmed", "false_alarm"], says("核查结论", "what was found")
    ]
    resolver: Annotated[Ref, says("核查人", "officer id of who settled it")]
    reason: Annotated[Line, says("核查说明", "why")]
    correction_event: Annotated[Id | UnsetType, says("更正事件", "event id of the correction, if there is one")] = UNSET
    materials: Annotated[
        tuple[Digest, ...], Meta(min_length=1, max_length=16), says("材料摘要", "SHA-256 of each supporting file")
    ] = ()


TYPES: Final[tuple[type[Body], ...]] = (SignalDisputed, SignalResolved)
"""The types of this module, in the order of the process."""
