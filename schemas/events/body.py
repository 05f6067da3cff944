"""What every event body is: a frozen msgspec Struct with a `Spec` that names its type.

`Body` fixes the wire rules once: optional fields are omitted, never nil; keys that a class does not know are ignored
(wire protocol, section 1), so that a newer terminal is still understood in part. `Act` adds what any act of officers
may say. The invariant: a class is one type and one version for ever; what must change becomes a new class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from schemas.events.fields import Text, says

Origin: TypeAlias = Literal["field", "office", "both"]
"""Who can bring the fact about: officers with a terminal, the office, or either.

An event of an office type that a terminal sends is recorded and noted as a claim; it satisfies no gate.
"""


@dataclass(frozen=True, slots=True)
class Spec:
    r"""How a type is named and where it belongs.

    `name`: type string, `[a-z_]+(\.[a-z_]+)+\.v[0-9]+`, at most 64 characters. `family`: line of the event catalogue,
    "E01" … "E50". `zh`, `en`: titles. `about_zh`, `about_en`: one sentence each on what the fact is. `tags`: kinds of
    `about` tag that an envelope of this type carries; a hint for whoever writes one, not a check.
    """

    name: str
    family: str
    origin: Origin
    zh: str
    en: str
    about_zh: str
    about_en: str
    tags: tuple[str, ...] = ()


class Body(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all event bodies. Optional scalars are UNSET when absent, optional arrays are empty tuples."""

    SPEC: ClassVar[Spec]


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the maps inside a body; same wire rules, no type of its own."""


class Act(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A body that reports an act of officers. Fields common to all acts are declared here."""

    note: Annotated[Text | UnsetType, says("备注", "remark of the officers, in their own words")] = UNSET
