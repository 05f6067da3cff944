"""What the codes of the process mean, in words: signals, stages, severities, the four lists, states.

English stands here and Chinese in the catalogue. Invariant: every signal and every stage that a judge can give has its
words (a house test compares).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from domain import penalty_kinds, rule_inputs
from domain.document_numbers import split_key
from domain.judges import case_money
from domain.matter import Fact
from domain.outside import BOOKS
from domain.reporting import KINDS as REPORTS
from domain.steps import Part
from domain.workdays import day_of
from projections import rulefiles
from projections.process.views import MatterRow
from schemas.events import REGISTRY
from server.console.words import KIND_NAMES
from server.web.i18n import N_, Texts
from server.web.languages import Language

SIGNALS: Final[Mapping[str, Part]] = {part.code: part for part in rule_inputs.SIGNALS}
RULES: Final[Mapping[str, Part]] = {part.code: part for part in (*rule_inputs.INVARIANTS, *rule_inputs.SIGNALS)}
"""Invariants and signals; what they are called stands beside what they read, in both languages."""
STAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "outside": {
        "open": N_("differences stand open"),
        "settled": N_("everything fits"),
    },
    "report": {
        "agrees": N_("figures agree"),
        "differs": N_("figures differ"),
    },
    "series": {
        "in_order": N_("no number stands twice"),
        "conflict": N_("a number stands twice"),
        "foreign": N_("documents of others"),
    },
    "plan": {
        "drafted": N_("drafted"),
        "approved": N_("approved, not filed"),
        "filed": N_("in force"),
        "closed": N_("year closed"),
    },
    "task": {
        "unassigned": N_("not assigned"),
        "assigned": N_("assigned"),
        "no_entry": N_("no entry"),
        "entered": N_("entered"),
        "credentials_shown": N_("certificates shown"),
        "recorded": N_("recorded"),
        "no_problem": N_("no problem found"),
        "ordered": N_("rectification ordered"),
        "case_filed": N_("case filed"),
        "transferred": N_("transferred"),
        "concluded": N_("concluded"),
        "cancelled": N_("cancelled"),
    },
    "hazard": {
        "unfound": N_("no finding recorded"),
        "found": N_("found"),
        "ordered": N_("rectification ordered"),
        "ordered_again": N_("ordered again"),
        "reported": N_("rectification reported"),
        "reinspected": N_("re-inspected"),
        "escalated": N_("escalated"),
        "closed": N_("hazard closed"),
    },
    "review": {
        "unrequested": N_("not asked for"),
        "requested": N_("waits for a reviewer"),
        "assigned": N_("under review"),
        "returned": N_("returned for correction"),
        "repeated": N_("asked for again"),
        "passed": N_("passed"),
        "rejected": N_("rejected"),
        "transfer_suggested": N_("transfer suggested"),
        "withdrawn": N_("withdrawn by the handlers"),
    },
    "case": {
        "unfiled": N_("not filed yet"),
        "not_filed": N_("not filed"),
        "filed": N_("filed"),
        "investigating": N_("being investigated"),
        "concluded": N_("investigation concluded"),
        "noticed": N_("notice served"),
        "defended": N_("defence heard or waived"),
        "heard": N_("hearing held"),
        "reviewed": N_("legally reviewed"),
        "discussed": N_("collectively discussed"),
        "decided": N_("decided"),
        "no_penalty": N_("no penalty"),
        "transferred": N_("transferred"),
        "served": N_("served"),
        "paid": N_("paid"),
        "overdue": N_("late fine decided"),
        "demanded": N_("demand served"),
        "in_court": N_("with the court"),
        "revoked": N_("revoked"),
        "closed": N_("case closed"),
        "archived": N_("archived"),
    },
}
STANDINGS: Final[Mapping[str, str]] = {
    "active": N_("certificate in force"),
    "valid": N_("certificate in force"),
    "wrong_scope": N_("certificate for other acts"),
    "suspended": N_("certificate suspended"),
    "revoked": N_("certificate revoked"),
    "withdrawn": N_("certificate taken back"),
    "expired": N_("certificate ran out"),
    "none": N_("no certificate in force"),
}
"""How an officer's certificate stands on a day, and what the register was told of it."""
PARKED: Final = N_("could not be judged")
"""Stage of a matter whose judge failed; somebody has been told."""
SEVERITIES: Final[Mapping[str, str]] = {
    "serious": N_("serious"),
    "medium": N_("medium"),
    "weak": N_("weak"),
}
STATES: Final[Mapping[str, str]] = {
    "running": N_("running"),
    "due": N_("over"),
    "ended": N_("ended"),
    "met": N_("done in time"),
    "met_late": N_("done late"),
    "undecided": N_("cannot be decided yet"),
    "open": N_("open"),
    "disputed": N_("disputed"),
    "resolved": N_("resolved"),
    "withdrawn": N_("taken away by later facts"),
    "pending": N_("not yet"),
    "cancelled": N_("without object"),
    "kept": N_("kept"),
    "broken": N_("broken"),
    "unknown": N_("unknown"),
    "all": N_("all"),
    "present": N_("present"),
    "missing": N_("missing"),
    "due_later": N_("comes later"),
    "not_needed": N_("not needed"),
}
COLOURS: Final[Mapping[str, str]] = {
    "due": "bad", "undecided": "warn", "met_late": "warn", "met": "ok", "running": "info", "cancelled": "",
    "open": "warn", "disputed": "info", "resolved": "ok", "withdrawn": "", "pending": "",
    "kept": "ok", "broken": "bad", "unknown": "warn",
    "present": "ok", "missing": "bad", "due_later": "", "not_needed": "",
    "serious": "bad", "medium": "warn", "weak": "",
    "valid": "ok", "wrong_scope": "warn", "suspended": "bad", "revoked": "bad", "expired": "bad", "none": "warn",
}  # fmt: skip
REVIEWS: Final[Mapping[str, str]] = {
    "requested": N_("waits for a reviewer"),
    "assigned": N_("under review"),
    "returned": N_("returned without an opinion"),
    "withdrawn": N_("taken back"),
    "passed": N_("passed"),
    "returned_for_correction": N_("returned for correction"),
    "rejected": N_("rejected"),
    "transfer_suggested": N_("transfer suggested"),
}
"""Where a legal review stands."""
LISTS: Final[Mapping[str, str]] = {
    "tasks": N_("Inspection tasks"),
    "hazards": N_("Hazards found"),
    "rectifications": N_("Rectification"),
    "reinspections": N_("Re-inspection and acceptance"),
}
SIDES: Final[Mapping[str, str]] = {
    "preservation": N_("Evidence preservation"),
    "measure": N_("Compulsory measure"),
    "power_cut": N_("Power cut"),
    "transfer": N_("Transfer"),
    "court": N_("Court enforcement"),
    "reconsideration": N_("Reconsideration"),
    "suit": N_("Suit"),
    "alteration": N_("Alteration of the decision"),
    "hearing": N_("Hearing"),
    "review": N_("Legal review"),
    "suspension": N_("Suspension of the case"),
    "closure_request": N_("Request for closure"),
}
SIDE_STAGES: Final[Mapping[str, str]] = {
    "altered": N_("altered"),
    "changed": N_("changed"),
    "invalid": N_("declared invalid"),
    "revoked": N_("revoked"),
    "unlawful": N_("found unlawful"),
    "approved": N_("approved"),
    "answered": N_("answered"),
    "applied": N_("applied for"),
    "closed": N_("closed"),
    "concluded": N_("concluded"),
    "cut": N_("power cut"),
    "decided": N_("decided"),
    "delivered": N_("delivered"),
    "demanded": N_("demand served"),
    "disposed": N_("disposed of"),
    "ended": N_("ended"),
    "extended": N_("extended"),
    "held": N_("hearing held"),
    "imposed": N_("imposed"),
    "noticed": N_("notice served"),
    "opened": N_("opened"),
    "ordered": N_("ordered"),
    "proposed": N_("proposed"),
    "reported": N_("reported"),
    "requested": N_("requested"),
    "restored": N_("power restored"),
    "resumed": N_("resumed"),
    "returned": N_("returned for correction"),
    "ruled": N_("ruled on"),
    "suspended": N_("suspended"),
    "waived": N_("waived"),
    "withdrawn": N_("withdrawn"),
}
DRAFTS: Final[Mapping[str, str]] = {
    "penalty": N_("penalty decision"),
    "daily_penalty": N_("daily penalty"),
    "no_penalty": N_("decision not to penalise"),
    "other": N_("other decision"),
}
MORE_KINDS: Final[Mapping[str, str]] = {
    "series": N_("Document numbers"),
    "day": N_("An officer's day"),
    "outside": N_("Book of others"),
    "report": N_("Report without a plan"),
    "draw": N_("Random draw"),
    "officers": N_("Officers of the authority"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, for templates."""

    texts: Texts
    language: Language

    def signal(self, rule: str) -> str:
        """What a signal is about; its code if nobody knows it."""
        return self.rule(rule) or rule

    def rule(self, code: str) -> str:
        """What an invariant or a signal is called; "" for a code that nobody knows."""
        part = RULES.get(code)
        return "" if part is None else part.zh if self.language == "zh" else part.en

    @staticmethod
    def rules() -> tuple[str, ...]:
        """The codes of all signals."""
        return tuple(SIGNALS)

    def stage(self, kind: str, stage: str) -> str:
        """A stage in words; one that nobody named comes out without its underscores."""
        if stage == "parked":
            return self.texts.gettext(PARKED)
        found = STAGES.get(kind, {}).get(stage)
        return self.texts.pgettext("value", stage.replace("_", " ")) if found is None else self.texts.gettext(found)

    def state(self, state: str) -> str:
        """The state of a deadline, a signal, a verdict or a paper."""
        return self.texts.gettext(STATES.get(state, state))

    def standing(self, state: str) -> str:
        """How a certificate stands, or what its register was told."""
        return self.texts.gettext(STANDINGS[state]) if state in STANDINGS else state

    def officer(self, row: MatterRow) -> str:
        """Who an officer of the register is: name, unit, and how the certificate stands."""
        columns = row.columns
        said = (str(columns.get("name") or row.key), str(columns.get("unit") or ""))
        return " · ".join(one for one in (*said, self.standing(str(columns.get("standing") or ""))) if one)

    def days_over(self, due: int, as_of: int) -> str:
        """How long ago a period ended, in calendar days; "" on its last day."""
        days = (day_of(as_of) - day_of(due - 1)).days
        return self.texts.ngettext("%(num)s day ago", "%(num)s days ago", days) % {"num": days} if days > 0 else ""

    @staticmethod
    def address(kind: str, key: str) -> str:
        """The page of a matter that is no page of its own kind: a month of a book, a report of a period; "" if none."""
        parts = key.split("/")
        if len(parts) != 3:
            return ""
        if kind == "outside":
            return "/supervision/ledgers/" + "/".join(quote(part, safe="") for part in parts)
        return f"/supervision/reports?period={quote(parts[2], safe='')}" if kind == "report" else ""

    def part(self, kind: str, key: str) -> str:
        """What a month of a book or a report of a period is called, with its authority; "" for all other kinds."""
        parts = key.split("/")
        if len(parts) != 3 or kind not in ("outside", "report"):
            return ""
        authority, name, when = parts
        book = BOOKS.get(name) if kind == "outside" else None  # type: ignore[call-overload]  # text of a key
        if book is not None:
            name = book.zh if self.language == "zh" else book.en
        elif kind == "report" and name in REPORTS:
            name = REPORTS[name][0 if self.language == "zh" else 1]  # type: ignore[index]  # text of a key
        return f"{name} {when} · {authority}"

    @staticmethod
    def series(key: str) -> tuple[str, int] | None:
        """(document word, year) of a sequence of numbers, from its key."""
        try:
            return split_key(key)[1:]
        except ValueError:
            return None

    def severity(self, severity: str) -> str:
        """How serious a signal is."""
        return self.texts.gettext(SEVERITIES[severity])

    def colour(self, state: str) -> str:
        """The class of a badge; the word beside it says the same."""
        return COLOURS.get(state, "")

    def kind(self, kind: str) -> str:
        """The name of a kind of matter."""
        found = {**KIND_NAMES, **MORE_KINDS}.get(kind)
        return kind if found is None else self.texts.gettext(found)

    def list(self, name: str) -> str:
        """The name of one of the four lists."""
        return self.texts.gettext(LISTS[name])

    def side(self, kind: str) -> str:
        """The name of a side procedure of a case."""
        return self.texts.gettext(SIDES.get(kind, kind))

    def side_stage(self, stage: str) -> str:
        """A stage of a side procedure."""
        return self.texts.gettext(SIDE_STAGES.get(stage, stage.replace("_", " ")))

    def review(self, state: str) -> str:
        """Where a legal review stands."""
        return self.texts.gettext(REVIEWS[state])

    def penalty(self, kind: str) -> str:
        """A kind of penalty by its code."""
        found = penalty_kinds.name(kind)
        return found.zh if self.language == "zh" else found.en

    def draft(self, kind: str) -> str:
        """What a draft decides."""
        return self.texts.gettext(DRAFTS[kind]) if kind in DRAFTS else kind

    def yuan(self, fen: int | None) -> str:
        """An amount of money."""
        if fen is None:
            return "–"
        return self.texts.gettext("%(amount)s yuan") % {"amount": f"{fen // 100:,}.{fen % 100:02}"}

    def late(self, money: Mapping[str, Any], as_of: int, authority: str) -> str:
        """The late fine of a decision as of an instant, by the rules that come with the program."""
        found = case_money.late_as_of(money["late"], day_of(as_of), rulefiles.load()[0], authority)
        return "–" if found is None else self.yuan(found.amount_fen)

    def value(self, value: object) -> str:
        """A value of a column in words."""
        return self.texts.pgettext("value", str(value).replace("_", " "))

    def either(self, one: Mapping[str, str]) -> str:
        """A text that came in both languages."""
        return one[self.language]

    def type(self, name: str) -> str:
        """What a type of record is called; itself where nobody knows it."""
        known = REGISTRY.lookup(name)
        if known is None:
            return name
        return known.title_zh if self.language == "zh" else known.title_en

    def record(self, fact: Fact) -> str:
        """A record to choose from: what it is, and of which day."""
        return f"{self.type(fact.type)} {day_of(fact.occurred)}"

    @staticmethod
    def uuid(name: str) -> str:
        """An id as tags and addresses have it, from 32 hex digits or from that form itself."""
        if len(name) != 32:
            return name
        return f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"
