"""What every event body is: a frozen msgspec Struct with a `Spec` that names its type.

`Body` fixes the wire rules once: optional fields are omitted, never nil; keys that a class does not know are ignored
(wire protocol, section 1), so that a newer terminal is still understood in part. `Act` adds what any act of officers
may say. The invariant: a class is one type and one version for ever; what must change becomes a new class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

from schemas.events.fields import CertificateNo, Digest, LegalDate, Line, Ref, Text, says

Origin: TypeAlias = Literal["field", "office", "both"]
"""Who can bring the fact about: officers with a terminal, the office, or either.

An event of an office type that a terminal sends is recorded and noted as a claim; it satisfies no gate.
"""


@dataclass(frozen=True, slots=True)
class Spec:
    r"""How a type is named and where it belongs.

    `name`: type string, `[a-z_]+(\.[a-z_]+)+\.v[0-9]+`, at most 64 characters. `family`: line of the event catalogue,
    "E01" … "E50". `step`: code of the step at which files show it, "" for none. `zh`, `en`: titles. `about_zh`,
    `about_en`: one sentence each on what the fact is. `tags`: kinds of `about` tag that an envelope of this type
    carries; a hint for whoever writes one, not a check.
    """

    name: str
    family: str
    origin: Origin
    zh: str
    en: str
    about_zh: str
    about_en: str
    tags: tuple[str, ...] = ()
    step: str = ""


class Body(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all event bodies. Optional scalars are UNSET when absent, optional arrays are empty tuples."""

    SPEC: ClassVar[Spec]


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the maps inside a body; same wire rules, no type of its own."""


class Actor(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One person who took part in an act. Auxiliaries, grid workers and temporary staff never count as officers."""

    officer: Annotated[Ref, says("人员编号", "officer id", "INV-01")]
    role: Annotated[
        Literal[
            "lead",
            "officer",
            "recorder",
            "handler",
            "reviewer",
            "approver",
            "auxiliary",
            "grid_worker",
            "temporary",
            "expert",
            "observer",
        ],
        says("承担角色", "what the person did in this act; only some roles count as officers", "INV-01"),
    ]
    certificate_no: Annotated[CertificateNo | UnsetType, says("执法证号", "certificate used", "INV-02")] = UNSET
    signature_ref: Annotated[
        Digest | UnsetType, says("签名图像摘要", "SHA-256 of the image of the signature", "INV-01")
    ] = UNSET


class Capacity(Part, frozen=True, kw_only=True, omit_defaults=True):
    """In whose right the act was done (执法身份). Compulsory measures cannot be entrusted (INV-37)."""

    kind: Annotated[
        Literal["own", "entrusted", "transferred"], says("执法身份", "本级, 委托 or 承接", "INV-37, INV-38")
    ]
    entrustment_id: Annotated[Ref | UnsetType, says("委托书编号", "number of the written entrustment", "PPL 20")] = (
        UNSET
    )
    entrusting_agency: Annotated[
        Ref | UnsetType, says("委托机关", "agency in whose name the act was done", "INV-38")
    ] = UNSET
    valid_from: Annotated[LegalDate | UnsetType, says("委托起始日期", "first day of the entrustment", "INV-38")] = UNSET
    valid_to: Annotated[LegalDate | UnsetType, says("委托截止日期", "last day of the entrustment", "INV-38")] = UNSET


class RuleSetRef(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A published rule set that was applied, by its id and version."""

    id: Annotated[Ref, says("清单或基准编号", "id of the rule set")]
    version: Annotated[Ref, says("版本", "version of the rule set", "INV-17, INV-21")]


class Backfill(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The act was recorded afterwards, and says so. Without reason and approval it counts as late (SIG-03)."""

    reason: Annotated[Line, says("补录原因", "why it was not recorded when it took place", "SIG-03")]
    approver: Annotated[Ref | UnsetType, says("补录批准人", "officer id of who approved", "SIG-03")] = UNSET


class Import(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The act was taken over from another system."""

    system: Annotated[Ref, says("来源系统", "name of the other system")]
    reference: Annotated[Ref, says("来源编号", "number of the record there")]


class Act(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A body that reports an act of officers. Fields common to all acts are declared here (handbook 9.1)."""

    actors: Annotated[
        tuple[Actor, ...], Meta(min_length=1, max_length=16), says("参与人员", "who took part, and as what", "INV-01")
    ] = ()
    acting_capacity: Annotated[Capacity | UnsetType, says("执法身份", "in whose right", "INV-38")] = UNSET
    ruleset_refs: Annotated[
        tuple[RuleSetRef, ...], Meta(min_length=1, max_length=16), says("适用清单与基准", "rule sets that were applied")
    ] = ()
    network: Annotated[Literal["online", "offline"] | UnsetType, says("网络状态", "whether there was a network")] = (
        UNSET
    )
    backfill: Annotated[Backfill | UnsetType, says("补录说明", "present if recorded afterwards", "SIG-03")] = UNSET
    import_: Annotated[Import | UnsetType, says("导入来源", "present if taken over from another system")] = field(
        default=UNSET, name="import"
    )
    note: Annotated[Text | UnsetType, says("备注", "remark of the officers, in their own words")] = UNSET


COMMON: Final = frozenset(Act.__struct_encode_fields__)
"""Wire names of the fields that every act may have."""
