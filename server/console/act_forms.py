"""The forms of acts: their fields, how a filled-in form becomes a command, and what is wrong with it.

A form is a list of fields; their labels are those of the event that the act becomes, so a page and a published schema
say the same. The invariant: whatever comes out of `read` was checked by the class of its command, and whatever is
refused names the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

from domain.office import commands as ask
from schemas.events.penalty import PenaltyKind, ServiceMethod
from server.web.i18n import N_

Kind: TypeAlias = Literal[
    "text", "area", "lines", "date", "select", "yes_no", "maybe", "yuan", "hidden", "penalties", "evidence", "items",
    "corrections", "opinions", "records", "changes", "officers",
]  # fmt: skip
PENALTY_ROWS: Final = 4
CORRECTION_ROWS: Final = 3
OPINION_ROWS: Final = 7
CHANGE_ROWS: Final = 4
OFFICER_ROWS: Final = 6
EVIDENCE_BOXES: Final = 20
"""Files that can be ticked one by one; a form has at most 64 fields. Further ones go along as a whole."""
_PLACE: Final = re.compile(r"\$\.?([a-z_]+)")


class Wrong(Exception):
    """A field of a form that cannot be read; `field` is its name, `reason` what was expected, in English."""

    def __init__(self, field: str, reason: str = "") -> None:
        super().__init__(field)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in the command, how it is filled in, the field of the event that gives its label."""

    name: str
    kind: Kind
    label: tuple[str, ...] = ()
    required: bool = False
    most: int = 500
    options: tuple[str, ...] = ()
    said: str = ""
    """A label of its own where no event has one."""
    officer: bool = False
    """Somebody of the office: those registered are offered, and others can be named."""
    offers: Literal["", "enterprises", "units", "agencies"] = ""
    """What else is offered to choose from while it is typed."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an act: the event that it becomes, its title, what is said above it, its fields."""

    event: str
    title: str
    lead: str
    fields: tuple[Field, ...]


def text(name: str, *, required: bool = False, most: int = 128, said: str = "") -> Field:
    """A line of text."""
    return Field(name, "text", (name,), required, most, said=said)


def officer(name: str, *, required: bool = False) -> Field:
    """An officer of the authority, by the id."""
    return Field(name, "text", (name,), required, 128, officer=True)


def offered(name: str, offers: Literal["enterprises", "units", "agencies"], *, required: bool = False,
            said: str = "") -> Field:  # fmt: skip
    """A line of text for which known ones are offered."""
    return Field(name, "text", (name,), required, 128, said=said, offers=offers)


def area(name: str, *, required: bool = False, most: int = 10_000) -> Field:
    """Some lines of text."""
    return Field(name, "area", (name,), required, most)


def choice(name: str, options: tuple[str, ...], *, required: bool = True) -> Field:
    """One of several words of an enumeration."""
    return Field(name, "select", (name,), required, options=options)


def date(name: str, *, required: bool = False) -> Field:
    """A legal date."""
    return Field(name, "date", (name,), required)


REVIEW: Final = Field("review", "hidden")
DRAFT: Final = Field("draft_hash", "hidden")
FORMS: Final[Mapping[tuple[str, str], Form]] = {
    ("case", "draft"): Form(
        "decision.drafted.v1", N_("Draft the decision"),
        N_("Each version is kept. Whatever changes in it makes a new draft, which nobody has reviewed."),
        (
            area("facts", required=True),
            Field("bases", "lines", ("bases",), True),
            Field("penalties", "penalties", required=True, said=N_("Penalties")),
            Field("evidence", "evidence", said=N_("Evidence")),
            Field("benchmark", "text", ("benchmark", "id"), most=128),
            Field("benchmark_version", "text", ("benchmark", "version"), most=128),
            Field("benchmark_tier", "text", ("benchmark", "tier"), most=128),
            area("outside_reason"), area("remedies_text"), area("explanation"),
        ),
    ),
    ("case", "request-review"): Form(
        "legal_review.requested.v1", N_("Ask for legal review"),
        N_("The review is bound to this very draft by its hash."),
        (
            DRAFT,
            choice("trigger", ("catalogue", "hearing", "complex", "public_interest", "voluntary"), required=False),
            text("requesting_unit"), text("unit"), Field("materials", "lines", ("materials",)),
        ),
    ),
    ("case", "assign-review"): Form(
        "legal_review.assigned.v1", N_("Assign the review"),
        N_("To somebody who did not handle the case and is qualified to review."),
        (REVIEW, officer("reviewer", required=True), text("unit"), date("due_on"), text("reason", most=500)),
    ),
    ("case", "ask-for-correction"): Form(
        "legal_review.returned.v1", N_("Return for correction"),
        N_("Without an opinion yet: say what is missing, or which record is to be corrected. It goes to the terminals "
           "of the handlers."),
        (
            REVIEW, area("reason", required=True), Field("missing", "lines", ("missing",)),
            Field("corrections", "corrections", ("corrections",)),
        ),
    ),
    ("case", "conclude-review"): Form(
        "legal_review.concluded.v1", N_("Give the opinion"),
        N_("Ten points, an opinion on each. Only a draft without a problem passes."),
        (
            REVIEW, DRAFT, Field("items", "items", ("items",), True),
            choice("outcome", get_args(ask.Outcome)), area("opinion", required=True), text("unit"),
            Field("assisted_by", "lines", ("assisted_by",)), Field("corrections", "corrections", ("corrections",)),
        ),
    ),
    ("case", "withdraw-review"): Form(
        "legal_review.withdrawn.v1", N_("Take the draft back"), N_("Before there is an opinion."),
        (REVIEW, area("reason", required=True)),
    ),
    ("case", "discuss"): Form(
        "collective_discussion.held.v1", N_("Record the collective discussion"),
        N_("What each of the heads said, as it was said."),
        (
            DRAFT, date("held_on", required=True), officer("host", required=True), officer("principal", required=True),
            officer("recorder", required=True), Field("opinions", "opinions", ("opinions",), True),
            Field("absent", "lines", ("absent",)),
            choice("outcome", ("as_proposed", "changed", "no_penalty", "investigate_further", "transfer")),
            area("decision", required=True), Field("principal_against_majority", "yes_no",
                                                   ("principal_against_majority",)),
            area("principal_dissent_reason"),
        ),
    ),
    ("case", "decide"): Form(
        "penalty.decided.v1", N_("Make the decision"),
        N_("The decision says what the draft says. It gets its number in the same moment, or neither is recorded."),
        (
            DRAFT, text("front", said=N_("Front of the number, before the document word")), text("seal_ref"),
            date("pay_by"), Field("party_present", "maybe", ("party_present",)),
        ),
    ),
    ("case", "serve"): Form(
        "document.served.v1", N_("Record a service"), N_("A document of this case that the office served."),
        (
            Field("document_no", "records", ("document_no",), True), choice("method", get_args(ServiceMethod)),
            date("served_on", required=True), text("recipient"), text("witness"), text("place", most=500),
            text("tracking_no"), text("notice_reason", most=500),
            Field("electronic_consent", "maybe", ("electronic_consent",)),
        ),
    ),
    ("case", "hold-hearing"): Form(
        "hearing.held.v1", N_("Record the hearing"), N_("Chaired by somebody who did not handle the case."),
        (
            date("held_on", required=True), officer("chair", required=True), officer("recorder"),
            Field("public", "yes_no", ("public",), True), text("closed_reason", most=500),
            Field("absent_waiver", "yes_no", ("absent_waiver",), True), text("record_hash", required=True, most=64),
            area("opinion"),
        ),
    ),
    ("case", "apply-to-court"): Form(
        "court_enforcement.applied.v1", N_("Apply to the court"), N_("The head signs it by sending this form."),
        (
            text("document_no", required=True), Field("decision_no", "records", ("decision_no",), True),
            text("demand_no"), text("court", required=True), date("applied_on", required=True),
            Field("amount_fen", "yuan", ("amount_fen",)), text("seal_ref"),
        ),
    ),
    ("case", "approve-correction"): Form(
        "record.corrected.v1", N_("Approve a correction"),
        N_("The record stays as it is; what was corrected holds from now on, and both are shown."),
        (Field("submitted", "hidden"), text("reason", required=True, most=500)),
    ),
    ("case", "close"): Form(
        "case.closed.v1", N_("Close the case"), N_("You approve it by sending this form."),
        (
            choice("ground", ("executed", "no_penalty", "unproved", "transferred", "revoked", "terminated", "other")),
            Field("all_fulfilled", "yes_no", ("all_fulfilled",), True),
            Field("correction_verified", "maybe", ("correction_verified",)), text("document_no"), area("reason"),
        ),
    ),
    ("case", "archive"): Form(
        "case_file.archived.v1", N_("Archive the file"),
        N_("The volumes are made of what the file holds now; nothing is added to them afterwards."),
        (choice("retention", ("permanent", "years_30", "years_10")), text("archive_no")),
    ),
    ("hazard", "close"): Form(
        "hazard.closed.v1", N_("Close the hazard"), N_("After the re-inspection that found it corrected."),
        (officer("approver"),),
    ),
    ("hazard", "delist"): Form(
        "major_hazard.delisted.v1", N_("Delist the hazard"), N_("At the level that listed it, after a re-inspection."),
        (
            choice("level", ("county", "prefecture", "province", "state")), text("document_no"),
            text("remark", most=500),
        ),
    ),
    ("task", "conclude"): Form(
        "task.concluded.v1", N_("Conclude the inspection"),
        N_("An item of the plan is done by what was recorded, not by this form."),
        (
            choice("outcome", ("no_problem", "ordered", "case_filed", "transferred", "no_entry")),
            choice("no_entry_reason", ("closed", "moved", "refused"), required=False),
        ),
    ),
    ("task", "cancel"): Form(
        "task.cancelled.v1", N_("Cancel the inspection"),
        N_("Only while nobody entered the site. An item of the plan stays open."),
        (text("reason", required=True, most=500),),
    ),
    ("plan", "change"): Form(
        "plan_draft.changed.v1", N_("Change the draft"),
        N_("Add items, change them or take them out, each with its reason. The draft is approved as it then is."),
        (Field("changes", "changes", ("changes",), True),),
    ),
    ("plan", "leave-out"): Form(
        "plan_draft.changed.v1", N_("Leave an enterprise out"),
        N_("A criterion asks for this enterprise. If the plan leaves it out, the reason stands on record."),
        (
            offered("enterprise", "enterprises", required=True, said=N_("Enterprise")),
            text("reason", required=True, most=500, said=N_("Why it is left out")),
        ),
    ),
    ("plan", "approve"): Form(
        "plan.approved.v1", N_("Record the approval"),
        N_("By the government of the same level. The draft is approved item by item; what the records show of the "
           "criteria is written beside each item."),
        (
            text("approver", required=True), text("approval_no", required=True, most=64),
            date("approved_on", required=True), offered("responsible_unit", "units"), officer("responsible"),
        ),
    ),
    ("plan", "file"): Form(
        "plan.filed.v1", N_("Record the filing"), N_("With the superior authority, by 10 March."),
        (text("filed_with", required=True), date("filed_on", required=True), text("reference")),
    ),
    ("plan", "revise"): Form(
        "plan_revision.decided.v1", N_("Revise the plan"),
        N_("A major revision takes out a key item or changes many items. It holds only when it is approved again, "
           "within 30 days."),
        (
            Field("decided_on", "date", required=True, said=N_("Day of the decision to revise")),
            Field("changes", "changes", ("changes",), True),
            text("reason", required=True, most=500, said=N_("Reason of the revision")),
            Field("major", "yes_no", said=N_("To be treated as major in any case")),
        ),
    ),
    ("plan", "approve-revision"): Form(
        "plan_revision.approved.v1", N_("Record the approval of the revision"),
        N_("By whoever approved the plan. The revision holds from then on."),
        (
            Field("revision", "hidden"), text("approver", required=True), text("approval_no", required=True, most=64),
            date("approved_on", required=True),
        ),
    ),
    ("plan", "assign"): Form(
        "task.assigned.v1", N_("Assign the inspection"),
        N_("To two officers or more. By sending this form you approve the scheme; the task goes to their terminals."),
        (
            Field("item", "hidden"), Field("draw", "hidden"), Field("officers", "officers", ("officers",), True),
            Field("scheme", "area", ("scheme", "content"), True, 10_000), date("from_on"), date("to_on"),
            Field("unannounced", "yes_no", ("unannounced",)), text("trigger", most=500),
        ),
    ),
    ("plan", "close"): Form(
        "plan.closed.v1", N_("Close the year"),
        N_("Items are done by what was recorded. For those that are not, say why; it is written beside each of them."),
        (
            text("reason", most=500, said=N_("Why items were not done")), text("remark", most=500),
        ),
    ),
    ("enterprise", "assess"): Form(
        "enterprise.assessed.v1", N_("Assess for the plan"),
        N_("What no record shows by itself: exposure by media, weak or good management. For the plan of one year."),
        (
            text("year", required=True, most=4), choice("criterion", ("exposed", "weak_management", "well_managed")),
            Field("holds", "yes_no", ("holds",), True), text("reason", required=True, most=500), text("source"),
        ),
    ),
    ("enterprise", "assign-supervisor"): Form(
        "supervising_body.assigned.v1", N_("Determine the supervising body"),
        N_("One enterprise, one supervising body: end the supervision by another one first."),
        (
            offered("agency", "agencies", required=True),
            choice("level", ("county", "prefecture", "province", "state")),
            date("valid_from", required=True), text("approval_ref", most=500),
            choice("reason", ("initial", "upgraded", "downgraded", "relocated", "reorganised"), required=False),
        ),
    ),
    ("enterprise", "end-supervision"): Form(
        "supervising_body.ended.v1", N_("End the supervision"), N_("By the body that supervises it now."),
        (
            offered("agency", "agencies", required=True), date("ended_on", required=True),
            text("reason", required=True, most=500),
        ),
    ),
    ("officer", "record-certificate"): Form(
        "officer_certificate.recorded.v1", N_("Register a certificate"),
        N_("Whether it held on a day is worked out from these entries and their dates."),
        (
            text("certificate_no", required=True, most=30), text("issuer", required=True),
            date("valid_from", required=True), date("valid_to", required=True),
            Field("categories", "lines", ("categories",)), text("unit"),
            choice("unit_role", ("enforcement", "legal", "other"), required=False), text("replaces", most=30),
            Field("qualification_no", "text", ("reviewer_qualification", "number"), most=128),
            Field("qualified_on", "date", ("reviewer_qualification", "obtained_on")),
            Field("first_review_on", "date", ("reviewer_qualification", "first_review_on")),
            Field("grandfathered", "maybe", ("reviewer_qualification", "grandfathered")),
        ),
    ),
    ("officer", "change-certificate"): Form(
        "officer_certificate.status_changed.v1", N_("Change a certificate's state"),
        N_("From a day on; what was done before that day stays as it was."),
        (
            text("certificate_no", required=True, most=30),
            choice("status", ("suspended", "revoked", "withdrawn", "active", "expired")),
            date("effective_on", required=True), date("until"), text("reason", required=True, most=500),
            text("decided_by"),
        ),
    ),
    ("signal", "dispute"): Form(
        "signal.disputed.v1", N_("Dispute the signal"), N_("Say why it is no fault; somebody else settles it."),
        (area("grounds", required=True), Field("evidence", "lines", ("evidence_ids",))),
    ),
    ("signal", "resolve"): Form(
        "signal.resolved.v1", N_("Resolve the signal"), N_("A signal is no finding: say what you found, and why."),
        (
            choice("resolution", ("explained", "corrected", "confirmed", "false_alarm")),
            text("reason", required=True, most=500), text("correction", said=N_("Event id of the correction")),
        ),
    ),
}  # fmt: skip
COMMANDS: Final[Mapping[tuple[str, str], type[ask.Command]]] = {
    (kind, act): command
    for kind, some in (
        ("case", ask.CASE), ("hazard", ask.HAZARD), ("task", ask.TASK), ("officer", ask.OFFICER),
        ("signal", ask.SIGNAL), ("plan", ask.PLAN), ("enterprise", ask.ENTERPRISE),
    )
    for act, command in some.items()
}  # fmt: skip


def read(kind: str, act: str, form: Mapping[str, str], signal: str = "") -> ask.Command:
    """The command that a filled-in form asks for; `signal` is the signal that it is about. Raises Wrong."""
    told: dict[str, Any] = {"signal": signal} if signal else {}
    for field in FORMS[kind, act].fields:
        value = _value(field, form)
        if value is not None:
            told[field.name] = value
    if act == "draft":
        told = _with_benchmark(told)
    return convert(kind, act, told)


def convert(kind: str, act: str, told: Any) -> ask.Command:
    """The command that a map of values asks for. Raises Wrong."""
    try:
        return msgspec.convert(told, COMMANDS[kind, act], strict=False)
    except msgspec.ValidationError as fault:
        reason, _, place = str(fault).partition(" - at ")
        found = _PLACE.search(place)
        missing = re.search(r"missing required field `(\w+)`", reason)
        field = missing[1] if missing is not None and found is None else found[1] if found is not None else ""
        raise Wrong(field, reason) from None


def penalty_kinds() -> tuple[str, ...]:
    """Kinds of penalty that a draft may name; those of the government and the police are none of them (INV-22)."""
    return tuple(kind for kind in get_args(PenaltyKind) if kind not in ("P11", "P13"))


def _value(field: Field, form: Mapping[str, str]) -> Any:
    given = form.get(field.name, "").strip()
    if field.required and not given and field.kind in ("text", "area", "lines", "date", "select", "yes_no", "records"):
        raise Wrong(field.name, "expected something here")
    if len(given) > field.most and field.kind in ("text", "area"):
        raise Wrong(field.name, f"expected at most {field.most} characters")
    match field.kind:
        case "text" | "area" | "select" | "hidden" | "date" | "records":
            return given or None
        case "lines":
            return [line.strip() for line in given.splitlines() if line.strip()] or None
        case "yes_no" | "maybe":
            if given not in ("", "yes", "no"):
                raise Wrong(field.name, "expected yes or no")
            return None if not given else given == "yes"
        case "yuan":
            return _fen(field.name, given) if given else None
        case "penalties":
            return _penalties(form)
        case "evidence":
            return _evidence(form)
        case "items":
            return _items(form)
        case "corrections":
            return _corrections(form) or None
        case "opinions":
            return _opinions(form)
        case "changes":
            return _changes(form)
        case "officers":
            return _officers(field.name, form)


def _changes(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows that name an enterprise; whole numbers stay text, which the class of the command reads."""
    found = []
    for row in range(CHANGE_ROWS):
        told = {
            name: form.get(f"{name}_{row}", "").strip()
            for name in ("action", "enterprise", "kind", "quarter", "days", "visits", "reason")
        }
        if not told["enterprise"]:
            continue
        if not told["reason"]:
            raise Wrong(f"reason_{row}", "expected a reason for each change")
        found.append({name: value for name, value in told.items() if value})
    if not found:
        raise Wrong("changes", "expected a change at least")
    return found


def _officers(field: str, form: Mapping[str, str]) -> list[str]:
    """Officers, one in each line of the form; a program's form may name them in one field, one on each line."""
    found = [form.get(f"officer_{row}", "").strip() for row in range(OFFICER_ROWS)]
    found = [one for one in (*found, *(line.strip() for line in form.get(field, "").splitlines())) if one]
    if len(found) < 2:
        raise Wrong(field, "expected two officers at least")
    return found


def _fen(field: str, given: str) -> int:
    """Fen of an amount in yuan as people write it: 60000, 60,000 or 99.50."""
    try:
        amount = Decimal(given.replace(",", "").replace("，", "")) * 100
    except InvalidOperation:
        raise Wrong(field, "expected an amount in yuan") from None
    if not amount.is_finite() or amount < 0 or amount != int(amount) or amount > 2**53:
        raise Wrong(field, "expected an amount in yuan, with at most two decimals")
    return int(amount)


def _penalties(form: Mapping[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in range(PENALTY_ROWS):
        kind = form.get(f"kind_{row}", "").strip()
        if not kind:
            continue
        amount = form.get(f"yuan_{row}", "").strip()
        until = form.get(f"until_{row}", "").strip()
        found.append(
            {
                "kind": kind,
                **({"amount_fen": _fen("penalties", amount)} if amount else {}),
                "object": form.get(f"object_{row}", "").strip(),
                **({"until": until} if until else {}),
            }
        )
    if not found:
        raise Wrong("penalties", "expected at least one penalty")
    return found


def _evidence(form: Mapping[str, str]) -> list[str]:
    boxes = [form[name] for name in (f"evidence_{n}" for n in range(EVIDENCE_BOXES)) if form.get(name)]
    return [*boxes, *form.get("evidence_more", "").split()]


def _items(form: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for item in ask.ITEMS:
        answer = form.get(f"answer_{item}", "").strip()
        if not answer:
            raise Wrong("items", f"expected an answer to {item}")
        found.append({"item": item, "answer": answer, "text": form.get(f"text_{item}", "").strip()})
    return found


def _corrections(form: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for row in range(CORRECTION_ROWS):
        event, said = form.get(f"event_{row}", "").strip(), form.get(f"asked_{row}", "").strip()
        if not event and not said:
            continue
        if not event or not said:
            raise Wrong("corrections", "expected a record and what is asked for")
        found.append({"event": event, "field": form.get(f"field_{row}", "").strip(), "text": said})
    return found


def _opinions(form: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for row in range(OPINION_ROWS):
        member = form.get(f"member_{row}", "").strip()
        if member:
            view = form.get(f"view_{row}", "").strip() or "agree"
            found.append({"member": member, "view": view, "text": form.get(f"said_{row}", "").strip()})
    if not found:
        raise Wrong("opinions", "expected what the members said")
    return found


def _with_benchmark(told: dict[str, Any]) -> dict[str, Any]:
    parts = {name: told.pop(name, None) for name in ("benchmark", "benchmark_version", "benchmark_tier")}
    given = [name for name, value in parts.items() if value]
    if not given:
        return told
    if len(given) < len(parts):
        raise Wrong(next(name for name, value in parts.items() if not value), "expected all three of the benchmark")
    id_, version, tier = parts.values()
    return {**told, "benchmark": {"id": id_, "version": version, "tier": tier}}
