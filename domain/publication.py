"""From a decision or the result of an inspection to the document that is to be published (handbook 5.2-5.5).

The columns are those of the layout of the subject; each gets its candidate out of the decision, the party's profile and
the agency's own rules, and goes through redaction. The invariant: nothing of a case but what stands here by name ever
becomes a candidate, and the document is a function of the facts, the rules of the day and what was written anew.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import UNSET

from domain import penalty_kinds, public_files
from domain.disclosure_record import Gate, Record
from domain.filing import text_of
from domain.judges import case_money as money
from domain.judges.case_facts import FINE, Case, confiscated
from domain.judges.visit import Visit
from domain.matter import Fact, Matter
from domain.redaction import VERSION, Candidate, Nature, Shown, redact, strike
from domain.rulebook import NoRule
from domain.workdays import day_of
from schemas.events import Body
from schemas.events.case import Party
from schemas.events.compulsory import CompulsoryMeasureEnded, CompulsoryMeasureImposed
from schemas.events.decision import DailyPenaltyDecided
from schemas.events.enterprise import EnterpriseProfiled
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided, PenaltyLine
from schemas.events.plan import RandomSelectionAnnounced, RandomSelectionRevealed
from schemas.events.task import TaskAssigned, TaskConcluded
from schemas.layout import Layout
from schemas.published_document import FORMAT, Agency, Changed, Document, Ground, Outcome, PartyType, Subject
from schemas.published_document import Field as DocumentField

FEEDS: Final[Mapping[str, str]] = {
    "penalty": "penalties", "inspection": "inspections", "compulsory_measure": "measures",
    "random_selection": "draws", "officers": "officers",
}  # fmt: skip
"""Subject -> the feed in whose list its fields must be."""

MEASURES: Final[Mapping[str, str]] = {"seal": "查封", "seize": "扣押", "other": "其他行政强制措施"}

LICENCES: Final = frozenset({"P06", "P07", "P08"})
"""Kinds that name a licence or a qualification."""

CLASSES: Final[Mapping[PartyType, str]] = {
    "organisation": "法人及非法人组织", "person": "自然人", "self_employed": "个体工商户",
}  # fmt: skip

RESULTS: Final[Mapping[str, str]] = {
    "no_problem": "未发现问题", "ordered": "发现问题，已责令改正", "case_filed": "发现违法行为，已立案",
    "transferred": "已移送有关机关处理", "no_entry": "未能进入检查",
}  # fmt: skip
SOURCES: Final[Mapping[str, str]] = {
    "plan": "计划检查", "double_random": "双随机抽查", "tip": "举报核查", "transferred": "移送线索核查",
    "campaign": "专项检查", "accident": "事故检查", "lookback": "回头看检查", "reinspection": "复查",
    "joint": "联合检查", "data_triggered": "监测预警核查", "credit_triggered": "信用监管检查",
}  # fmt: skip

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "penalty": (
        "CF_XDR_MC", "CF_XDR_LB", "CF_WSH", "CF_WFXW", "CF_SY", "CF_YJ", "CF_CFLB", "CF_NR", "CF_JDRQ", "CF_YXQ",
        "CF_CFJG", "CF_CFJGDM", "CF_SJLY", "CF_SJLYDM",
    ),
    "inspection": ("JC_DX", "JC_LX", "JC_RQ", "JC_JG", "JC_JGMC"),
    "compulsory_measure": ("QZ_XDR_MC", "QZ_LX", "QZ_YJ", "QZ_RQ", "QZ_QX", "QZ_JGMC"),
    "random_selection": (
        "SJ_MC", "SJ_JD", "SJ_CQRQ", "SJ_SF", "SJ_CN", "SJ_GKSLY", "SJ_DXMLZY", "SJ_RYMLZY", "SJ_JGMC",
    ),
    "officers": ("RY_BT", "RY_RQ", "RY_S", "RY_MD", "RY_MDWJ", "RY_JGMC"),
}  # fmt: skip
"""Columns without which a record says too little to be published."""

EDITABLE: Final = frozenset({"CF_WFXW", "CF_SY", "CF_YJ", "CF_NR", "CF_NR_ZKDX", "BZ"})
"""Texts that whoever prepares may write anew, so that names of others and secrets stay inside."""

ENDS: Final = frozenset({"CF_GSJZQ", "JC_GSJZQ", "QZ_GSJZQ", "SJ_GSJZQ", "RY_GSJZQ"})
"""Columns with the last day of publication."""

OPEN_END: Final = "2099-12-31"
"""A penalty without an end, as the layout prints it."""

_USED: Final[Mapping[type[Body], frozenset[str]]] = {
    PenaltyDecided: frozenset({"document_no", "decided_on", "penalties", "facts", "bases", "remedies_text"}),
    OnSpotPenaltyDecided: frozenset(
        {"document_no", "decided_on", "kinds", "amount_fen", "facts", "clauses", "bases", "remedies_text", "party"}
    ),
    DailyPenaltyDecided: frozenset(
        {"document_no", "decided_on", "amount_fen", "from_on", "to_on", "days", "bases", "remedies_text"}
    ),
    TaskConcluded: frozenset({"outcome", "concluded_on"}),
    CompulsoryMeasureImposed: frozenset({"document_no", "kind", "bases", "imposed_on", "ends_on"}),
    RandomSelectionAnnounced: frozenset(RandomSelectionAnnounced.__struct_fields__) - {"plan_id"},
    RandomSelectionRevealed: frozenset(RandomSelectionRevealed.__struct_fields__),
}
"""Fields of a decision or a result that a column is made of; all others are part of the file and stay inside."""


class NothingToPublish(LookupError):
    """There is no such decision or result in the matter, or it is of a kind that is not published here."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What could be published of one decision or result.

    `shown` are the columns in order, `inside` the other fields of the decision, by name, which stay in the file.
    `missing` are columns without which nothing is published. `months`: (least, most) time of publication. `files` are
    published beside the document, which holds their digests.
    """

    subject: Subject
    feed: str
    decision: bytes
    number: str
    agency: Agency
    party_type: PartyType
    kinds: tuple[str, ...]
    remedies: str
    layout: Layout
    shown: tuple[Shown, ...]
    inside: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    months: tuple[int, int]
    files: tuple[bytes, ...] = ()
    edits: Mapping[str, str] = field(default_factory=dict)

    @property
    def withheld(self) -> tuple[tuple[str, str], ...]:
        """(code, rule) of every field that is not published as it is recorded."""
        found = [(one.code, rule) for one in self.shown for rule in one.rules if rule != "absent"]
        return (*found, *((f"{kind}/{name}", "file") for kind, name in self.inside))


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that a person sees of a record before deciding: what could be published, what waits, what is closed.

    `waiting` is the prepared document, `standing` the one that is public, or the tombstone. `proposal` is None where
    the rules lack an entry, which `missing_rule` names, or where a thing of this kind is not published here.
    """

    record: Record
    proposal: Proposal | None
    gates: tuple[Gate, ...]
    waiting: Document | None = None
    standing: Document | None = None
    missing_rule: str = ""


def commitments(matter: Matter, decision: bytes) -> tuple[bytes, ...]:
    """Commitments to the names that a proposal needs: of the party, of who represents it, of officers."""
    if matter.kind in ("draw", "officers"):
        return public_files.commitments(matter)
    if matter.kind != "case":
        return ()
    party = _party(Case(matter), _fact(matter, decision))
    if party is not None and party.type == "person":
        return () if party.person_name is UNSET else (party.person_name,)
    profile = _profile(matter, party)
    return tuple(
        one.person_name
        for one in (profile.principals if profile is not None else ())
        if one.role == "legal_representative" and one.person_name is not UNSET
    )


def propose(
    matter: Matter,
    decision: bytes,
    layouts: Iterable[Layout],
    on: datetime.date,
    names: Mapping[bytes, str] | None = None,
    edits: Mapping[str, str] | None = None,
) -> Proposal:
    """What could be published on a day of the decision or result with that event id.

    `names` are opened names by their commitment. Raises NothingToPublish; NoRule where the rules lack an entry.
    """
    opened = names or {}
    written = {code: text.strip() for code, text in (edits or {}).items() if code in EDITABLE}
    agency = _agency(matter, on)
    fact = None if matter.kind == "officers" else _fact(matter, decision)
    subject = subject_of(fact)
    layout = next(one for one in layouts if one.subject == subject)
    party_type: PartyType = "organisation"
    kinds: tuple[str, ...] = ()
    files: tuple[bytes, ...] = ()
    number = remedies = ""
    if fact is None:
        told = public_files.officers(matter, on, opened)
        values, files = told.values, told.files
    elif subject == "random_selection":
        told = public_files.selection(matter, fact, opened)
        values, files = told.values, told.files
    elif subject == "inspection":
        values = _inspection(Visit(matter), fact)
    elif subject == "compulsory_measure":
        values, party_type, number = _measure(Case(matter), fact, opened)
    else:
        values, party_type, kinds, number, remedies = _penalty(Case(matter), fact, opened)
    values |= _agency_values(agency)
    person = party_type == "person"
    candidates = [
        Candidate(one.code, one.header, _nature(one.code, one.paper, one.money, person), values.get(one.code))
        for one in layout.columns
    ]
    listed = set(allowed(matter, FEEDS[subject], on)) | ({"BZ"} if "BZ" in written else set())
    shown = redact(candidates, listed, person=person, names=tuple(opened.values()), edits=written)
    known = {one.code for one in shown if one.public} | ENDS
    return Proposal(
        subject=subject,
        feed=FEEDS[subject],
        decision=decision,
        number=number,
        agency=agency,
        party_type=party_type,
        kinds=kinds,
        remedies=strike(remedies, tuple(opened.values()))[0],
        layout=layout,
        shown=shown,
        inside=() if fact is None else _inside(fact),
        missing=tuple(code for code in REQUIRED[subject] if code not in known),
        months=(_months(matter, "minimum", on), _months(matter, "maximum", on)),
        files=files,
        edits=written,
    )


def document(
    proposal: Proposal, record: bytes, on: datetime.date, months: int, *, revision: int = 1,
    first: datetime.date | None = None, reason: str = "",
) -> Document:  # fmt: skip
    """The document of a proposal, released on a day for some months; a correction says why and since when it stands.

    `first` is the day on which the record was published first, for a correction.
    """
    published = on if first is None else first
    made = Document(
        format=FORMAT,
        record=text_of(record),
        revision=revision,
        outcome="published" if first is None else "corrected",
        subject=proposal.subject,
        agency=proposal.agency,
        published_on=published,
        layout=proposal.layout.name,
        number=proposal.number or UNSET,
        party_type=UNSET if proposal.subject in ("random_selection", "officers") else proposal.party_type,
        kinds=proposal.kinds,
        fields=tuple(
            DocumentField(
                code=one.code,
                header=one.header,
                value=UNSET if one.value is None else one.value,
                fen=UNSET if one.fen is None else one.fen,
            )
            for one in proposal.shown
        ),
        remedies=proposal.remedies or UNSET,
        changed=UNSET if first is None else Changed(on=on, reason=reason),
    )
    return on_day(made, on, months)


def tombstone(stands: Document, outcome: Outcome, on: datetime.date, reason: str, ground: Ground) -> Document:
    """What stays of a record that is taken back: when and why. The number stays unless the party is a person."""
    return Document(
        format=FORMAT,
        record=stands.record,
        revision=stands.revision + 1,
        outcome=outcome,
        subject=stands.subject,
        agency=stands.agency,
        published_on=stands.published_on,
        number=UNSET if stands.party_type == "person" else stands.number,
        changed=Changed(on=on, reason=reason, ground=ground),
    )


def on_day(made: Document, day: datetime.date, months: int) -> Document:
    """The same document as it reads if it is released on that day: nothing but its dates differs."""
    changes: dict[str, Any] = {}
    if made.changed is not UNSET:
        changes["changed"] = msgspec.structs.replace(made.changed, on=day)
    else:
        changes["published_on"] = day
    if not made.tombstone:
        until = add_months(changes.get("published_on", made.published_on), months)
        changes["until"] = until
        changes["fields"] = tuple(
            msgspec.structs.replace(one, value=until.isoformat()) if one.code in ENDS else one for one in made.fields
        )
    return msgspec.structs.replace(made, **changes)


def add_months(day: datetime.date, months: int) -> datetime.date:
    """The same day some months later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def codes_of(made: Document) -> tuple[str, ...]:
    """The codes of the columns that hold something."""
    return tuple(one.code for one in made.fields if one.value is not UNSET or one.fen is not UNSET)


def redaction_version(layout: Layout | str) -> str:
    """What an act names: the version of the rules and that of the layout."""
    return f"{VERSION}+{layout if isinstance(layout, str) else layout.name}"


# -- where the values come from --------------------------------------------------------------------------------------


def _penalty(
    case: Case, fact: Fact, opened: Mapping[bytes, str]
) -> tuple[dict[str, str | int | None], PartyType, tuple[str, ...], str, str]:
    decided = next((one for one in money.decisions(case) if one.fact.id == fact.id), None)
    if decided is None:
        raise NothingToPublish("not a decision that is published")
    body = fact.body
    party, profile, party_type = _who(case, fact)
    kinds = tuple(dict.fromkeys(line.kind for line in decided.lines))
    ends = [line.until for line in decided.lines if line.until is not UNSET]
    values: dict[str, str | int | None] = {
        "CF_XDR_MC": _party_name(party, profile, opened),
        "CF_XDR_LB": CLASSES[party_type],
        "CF_XDR_SHXYM": None if profile is None or profile.uscc is UNSET else profile.uscc,
        "CF_FRDB": _representative(profile, opened),
        "CF_WSH": decided.number,
        "CF_WFXW": _violation(case, body),
        "CF_SY": _found(body),
        "CF_YJ": "；".join(getattr(body, "bases", ())),
        "CF_CFLB": "；".join(penalty_kinds.name(kind).zh for kind in kinds),
        "CF_NR": "；".join(_line(line) for line in decided.lines),
        "CF_NR_FK": decided.fine_fen if FINE in kinds else None,
        "CF_NR_WFFF": confiscated(decided.lines) if {"P04", "P05"} & set(kinds) else None,
        "CF_NR_ZKDX": "；".join(str(one.object) for one in decided.lines if one.kind in LICENCES and one.object),
        "CF_JDRQ": decided.on.isoformat(),
        "CF_YXQ": max(ends).isoformat() if ends else OPEN_END,
    }
    remedies = getattr(body, "remedies_text", UNSET)
    return values, party_type, kinds, decided.number, "" if remedies is UNSET else remedies


def _inspection(visit: Visit, fact: Fact) -> dict[str, str | int | None]:
    body = fact.body
    assert isinstance(body, TaskConcluded)
    assigned = visit.matter.first(TaskAssigned)
    profile = _newest(visit.matter, f"profile:{assigned[1].enterprise_id}") if assigned is not None else None
    day = day_of(fact.occurred) if body.concluded_on is UNSET else body.concluded_on
    return {
        "JC_DX": None if profile is None else profile.name,
        "JC_DX_SHXYM": None if profile is None or profile.uscc is UNSET else profile.uscc,
        "JC_LX": None if assigned is None else SOURCES[assigned[1].source],
        "JC_RQ": day.isoformat(),
        "JC_JG": RESULTS[body.outcome],
    }


def _measure(case: Case, fact: Fact, opened: Mapping[bytes, str]) -> tuple[dict[str, str | int | None], PartyType, str]:
    body = fact.body
    assert isinstance(body, CompulsoryMeasureImposed)
    party, profile, party_type = _who(case, fact)
    ended = [one.ended_on for _, one in case.matter.of(CompulsoryMeasureEnded) if one.measure_id == body.measure_id]
    number = "" if body.document_no is UNSET else body.document_no
    return {
        "QZ_XDR_MC": _party_name(party, profile, opened),
        "QZ_XDR_LB": CLASSES[party_type],
        "QZ_XDR_SHXYM": None if profile is None or profile.uscc is UNSET else profile.uscc,
        "QZ_WSH": number,
        "QZ_LX": MEASURES[body.kind],
        "QZ_YJ": "；".join(body.bases),
        "QZ_RQ": body.imposed_on.isoformat(),
        "QZ_QX": body.ends_on.isoformat(),
        "QZ_JCRQ": max(ended).isoformat() if ended else None,
    }, party_type, number  # fmt: skip


def _who(case: Case, fact: Fact) -> tuple[Party | None, EnterpriseProfiled | None, PartyType]:
    """The party, its profile, and its class."""
    party = _party(case, fact)
    profile = _profile(case.matter, party)
    party_type: PartyType = "organisation" if party is None else party.type
    if profile is not None and profile.ownership is not UNSET and "个体工商户" in profile.ownership:
        party_type = "self_employed"
    return party, profile, party_type


def subject_of(fact: Fact | None) -> Subject:
    """What kind of record a fact makes; without one it is the list of officers."""
    match None if fact is None else fact.body:
        case None:
            return "officers"
        case TaskConcluded():
            return "inspection"
        case RandomSelectionAnnounced() | RandomSelectionRevealed():
            return "random_selection"
        case CompulsoryMeasureImposed():
            return "compulsory_measure"
        case _:
            return "penalty"


def _agency_values(agency: Agency) -> dict[str, str | int | None]:
    return {
        "CF_CFJG": agency.name, "CF_CFJGDM": agency.uscc, "CF_SJLY": agency.name, "CF_SJLYDM": agency.uscc,
        **{f"{kind}_JGMC": agency.name for kind in ("JC", "QZ", "SJ", "RY")},
        **{f"{kind}_JGDM": agency.uscc for kind in ("JC", "QZ", "SJ", "RY")},
    }  # fmt: skip


def _agency(matter: Matter, on: datetime.date) -> Agency:
    """The authority by the name and code that it published for itself. Raises NoRule where it did not."""
    name, uscc = (str(matter.rules.get(key, on, matter.authority).value) for key in ("agency.name", "agency.uscc"))
    if not name or not uscc:
        raise NoRule("agency.name" if not name else "agency.uscc", on, matter.authority)
    return Agency(code=matter.authority, name=name, uscc=uscc)


def allowed(matter: Matter, feed: str, on: datetime.date) -> Sequence[str]:
    """The codes that may be published in a feed on a day (INV-30). Raises NoRule."""
    own = matter.rules.find(f"disclosure.fields.{feed}", on, matter.authority)
    rule = own or matter.rules.get("disclosure.fields", on, matter.authority)
    return tuple(rule.value)


def _months(matter: Matter, which: str, on: datetime.date) -> int:
    return int(matter.rules.get(f"disclosure.months.{which}", on, matter.authority).value)


def _nature(code: str, paper: bool, fen: bool, person: bool) -> Nature:
    if paper:
        return "paper"
    if fen:
        return "fen"
    match code:
        case "CF_XDR_MC" | "QZ_XDR_MC":
            return "masked_name" if person else "name"
        case "CF_FRDB":
            return "masked_name"
        case (
            "CF_XDR_SHXYM"
            | "QZ_XDR_SHXYM"
            | "CF_XDR_GSZC"
            | "CF_XDR_ZZJG"
            | "CF_XDR_SWDJ"
            | "CF_XDR_SYDW"
            | "CF_XDR_SHZZ"
        ):
            return "organisation_code"
        case "CF_WFXW" | "CF_SY" | "CF_YJ" | "CF_NR" | "CF_NR_ZKDX" | "QZ_YJ" | "SJ_MC" | "BZ":
            return "text"
        case _:
            return "plain"


def _fact(matter: Matter, decision: bytes) -> Fact:
    for fact in matter.facts:
        if fact.id == decision and fact.counts and type(fact.body) in _USED:
            return fact
    raise NothingToPublish("the matter has no such decision or result, or it was taken back")


def _party(case: Case, fact: Fact) -> Party | None:
    return fact.body.party if isinstance(fact.body, OnSpotPenaltyDecided) else case.party


def _profile(matter: Matter, party: Party | None) -> EnterpriseProfiled | None:
    return None if party is None or party.id is UNSET else _newest(matter, f"enterprise:{party.id}")


def _newest(matter: Matter, key: str) -> EnterpriseProfiled | None:
    found = [
        (datetime.date.min if one.body.effective_on is UNSET else one.body.effective_on, one.occurred, one.id, one.body)
        for one in matter.others.get(key, ())
        if one.counts and isinstance(one.body, EnterpriseProfiled)
    ]
    return max(found, key=lambda each: each[:3])[3] if found else None


def _party_name(party: Party | None, profile: EnterpriseProfiled | None, opened: Mapping[bytes, str]) -> str | None:
    if party is None:
        return None
    if party.type == "person":
        return None if party.person_name is UNSET else opened.get(party.person_name)
    if party.name is not UNSET:
        return party.name
    return None if profile is None else profile.name


def _representative(profile: EnterpriseProfiled | None, opened: Mapping[bytes, str]) -> str | None:
    for one in profile.principals if profile is not None else ():
        if one.role == "legal_representative" and one.person_name is not UNSET:
            return opened.get(one.person_name)
    return None


def _violation(case: Case, body: Body | None) -> str:
    if case.filing is not None:
        return case.filing[1].cause
    return "；".join(f"违反{one}" for one in body.clauses) if isinstance(body, OnSpotPenaltyDecided) else ""


def _found(body: Body | None) -> str:
    match body:
        case PenaltyDecided() | OnSpotPenaltyDecided():
            return body.facts
        case DailyPenaltyDecided():
            return f"经责令改正拒不改正，自 {body.from_on} 至 {body.to_on} 按日连续处罚，共 {body.days} 日。"
        case _:
            return ""


def _line(line: PenaltyLine) -> str:
    text = penalty_kinds.name(line.kind).zh
    if line.amount_fen is not UNSET:
        yuan, fen = divmod(int(line.amount_fen), 100)
        text += f"人民币 {yuan}.{fen:02} 元" if fen else f"人民币 {yuan} 元"
    if line.object is not UNSET and line.object:
        text += f"（{line.object}）"
    return text


def _inside(fact: Fact) -> tuple[tuple[str, str], ...]:
    """(type, field) of what the decision says and no column is made of."""
    body = fact.body
    assert body is not None
    return tuple(
        (fact.type, name)
        for name in body.__struct_fields__
        if name not in _USED[type(body)] and getattr(body, name) is not UNSET and getattr(body, name) != ()
    )
