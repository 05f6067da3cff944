"""Which events bear a document number of their own, and of what document it is.

The same number stands in many events: on the decision itself, on the receipt of its service, on the payment. Only the
first kind uses the number up. The invariant: a type either bears its number or cites it, and says so here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET

from domain.matter import Fact
from schemas.events import REGISTRY, Body

CITING: Final = frozenset(
    (
        "case_file.archived.v1",
        "cash.deposited.v1",
        "decision.altered.v1",
        "disclosure.corrected.v1",
        "disclosure.prepared.v1",
        "disclosure.published.v1",
        "disclosure.withdrawn.v1",
        "disclosure.withheld.v1",
        "document.served.v1",
        "document_number.issued.v1",
        "document_number.voided.v1",
        "fine_deferral.requested.v1",
        "fine_payment.recorded.v1",
        "on_spot_penalty.filed.v1",
        "reconsideration.closed.v1",
        "reconsideration.opened.v1",
        "suit.closed.v1",
        "suit.opened.v1",
    )
)
"""Types whose `document_no` is that of a document which another event brought about, or of none yet."""

FIELDS: Final = ("document_no", "notice_no")
"""Fields in which an event states the number of its own document."""

_SUBJECTS: Final = ("case_id", "task_id", "hazard_id", "plan_id", "tip_id", "enterprise_id")


def _bearing() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in REGISTRY:
        fields = REGISTRY[name].body.__struct_fields__
        field = next((each for each in FIELDS if each in fields), None)
        if field is not None and name not in CITING:
            found[name] = field
    return found


BEARING: Final = _bearing()
"""Type -> the field with the number that it uses up."""


def number_in(fact: Fact) -> str | None:
    """The number that a document of this fact bears, as printed; None if it bears none."""
    field = BEARING.get(fact.type)
    value = getattr(fact.body, field, UNSET) if field is not None and fact.body is not None else UNSET
    return value if isinstance(value, str) and value else None


def subject_of(body: Body | None) -> str:
    """What a document belongs to, `case_id=…`: two events with one number and one subject tell of one document."""
    for name in _SUBJECTS:
        value = getattr(body, name, UNSET)
        if isinstance(value, bytes):
            return f"{name}={value.hex()}"
        if isinstance(value, str) and value:
            return f"{name}={value}"
    return ""
