"""A file as its page shows it: items with flags, ticks and comments, the timeline, the drafts, the thread of a review.

Pure but for what is handed in. Invariant: a comment and a tick stand beside an item and never in its place, and both
clocks of every item are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from projections.flags import flags
from projections.reviews import Review
from projections.views import CaseFile, Item
from schemas.events import REGISTRY
from server.console import differences, words
from server.console.desk import Looked
from server.console.differences import Field
from server.console.words import Line
from server.web.i18n import N_, Texts
from server.web.languages import Language
from server.web.pages import when

COMMENT: Final = "comment.made.v1"
SETTLED: Final = "comment.settled.v1"
DRAFT: Final = "decision.drafted.v1"
COMMENTS: Final = frozenset((COMMENT, SETTLED))
"""Types that a page shows beside what they are about."""
THREAD: Final = frozenset(
    name
    for name in REGISTRY
    if name.startswith(("legal_review.", "collective_discussion.", "decision.drafted.", "penalty.decided."))
    or name in ("case.no_penalty_decided.v1", "daily_penalty.decided.v1", "record.correction_submitted.v1")
)
"""Types that make the thread of a review."""
BESIDE: Final = COMMENTS | THREAD
"""Types that a page needs of the whole file, whichever part of it is shown."""
BOUND: Final = ("party", "facts", "evidence", "bases", "penalties", "benchmark", "remedies_text")
"""Fields of a draft that its hash binds (INV-17)."""
FIELDS: Final[Mapping[str, str]] = {
    "kind": N_("Kind of decision"),
    "party": N_("Party"),
    "facts": N_("Facts"),
    "evidence": N_("Evidence"),
    "bases": N_("Legal bases"),
    "penalties": N_("Penalties"),
    "benchmark": N_("Discretion benchmark"),
    "outside_reason": N_("Why the benchmark was left"),
    "remedies_text": N_("Remedies"),
    "explanation": N_("Explanation"),
    "drafted_by": N_("Drafted by"),
    "drafted_on": N_("Date of the draft"),
}
"""What the fields of a draft are called where two are compared; the words of the schema explain, these name."""
FLAG_NAMES: Final[Mapping[str, str]] = {
    "off_system": N_("outside the system"),
    "afterwards": N_("recorded afterwards"),
    "late": N_("uploaded late"),
    "out_of_order": N_("out of order"),
    "offline": N_("recorded offline"),
}
FLAG_COLOURS: Final[Mapping[str, str]] = {
    "off_system": "bad", "afterwards": "warn", "late": "warn", "out_of_order": "warn", "offline": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with what became of it. `version`: how many acts made it what it is, for whoever settles it."""

    id: str
    text: str
    by: str
    at: int
    anchor: str
    event: str
    sha256: str
    clause: str
    draft: str
    review: str
    reply_to: str
    open: bool
    version: int
    settled_by: str
    settled_at: int | None
    reason: str
    new: bool
    replies: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a page."""

    item: Item
    lines: tuple[Line, ...]
    notes: tuple[tuple[str, str], ...]
    flags: tuple[tuple[str, str, str], ...]
    new: bool
    viewed: bool
    comments: tuple[Comment, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """One version of a draft, and what the review says of exactly this one ("" if none was asked for)."""

    item: Item
    version: int
    hash: str
    review: Review | None
    comments: tuple[Comment, ...]
    newest: bool


@dataclass(frozen=True, slots=True)
class View:
    """Everything that the page of a file shows beside its header."""

    rows: tuple[Row, ...]
    timeline: tuple[Row, ...]
    drafts: tuple[Draft, ...]
    thread: tuple[Row, ...]
    comments: tuple[Comment, ...]
    new: int
    viewed: int
    before: int

    @property
    def open_comments(self) -> tuple[Comment, ...]:
        """Comments that nobody settled yet."""
        return tuple(one for one in self.comments if one.open)


def view(
    file: CaseFile,
    reviews: Sequence[Review],
    looked: Looked | None,
    texts: Texts,
    late_ms: int,
) -> View:
    """Put a page together. `looked` None: nobody's ticks are kept."""
    before = looked.before if looked is not None else 0
    comments = _comments(file.beside, before)
    marked = flags(file.items, late_ms)

    def row(item: Item) -> Row:
        files = {blob.sha256 for blob in item.blobs}
        return Row(
            item,
            words.body_lines(item.type, item.body, texts),
            words.note_words(item.notes, texts),
            tuple(
                (name, texts.gettext(FLAG_NAMES[name]), FLAG_COLOURS[name])
                for name in marked.get((item.log_id, item.position), ())
            ),
            bool(before) and item.received > before,
            looked is not None and item.id in looked.viewed,
            tuple(c for c in comments if c.event == item.id or (c.sha256 in files and not c.event)),
        )

    rows = tuple(row(item) for item in file.items if item.type not in COMMENTS)
    timeline = tuple(sorted(rows, key=lambda one: (one.item.occurred, one.item.received, one.item.position)))
    return View(
        rows=rows,
        timeline=timeline,
        drafts=drafts(file, reviews),
        thread=tuple(
            row(one)
            for one in sorted(file.beside, key=lambda one: (one.received, one.position))
            if one.type in THREAD and not one.claim and one.kind != "branch"
        ),
        comments=comments,
        new=sum(one.new for one in rows) + sum(one.new for one in comments),
        viewed=sum(one.viewed for one in rows),
        before=before,
    )


def compared(older: Item, newer: Item, texts: Texts, language: Language) -> tuple[Field, ...]:
    """What differs between two drafts; what names the version itself is left out."""

    def shown(line: Line) -> str:
        return str(when(line.value, language).striptags()) if line.kind == "instant" else f"{line.value:,}"

    return differences.fields(_named(older, texts), _named(newer, texts), shown)


def _named(draft: Item, texts: Texts) -> list[Line]:
    """The fields of a draft under their names, in one order."""
    found = []
    for key, name in FIELDS.items():
        if key in draft.body:
            (line,) = words.body_lines(draft.type, {key: draft.body[key]}, texts)
            found.append(Line(texts.gettext(name), line.kind, line.value))
    return found


def _comments(items: Iterable[Item], before: int) -> tuple[Comment, ...]:
    """Comments in the order in which they were made, answers behind what they answer."""
    acts = sorted(items, key=lambda one: (one.received, one.position))
    settled: dict[str, list[Item]] = {}
    for item in acts:
        if item.type == SETTLED and item.kind == "office":
            settled.setdefault(str(item.body.get("comment_id")), []).append(item)
    made = [_comment(one, settled, before) for one in acts if one.type == COMMENT and one.kind == "office"]
    answers: dict[str, list[Comment]] = {}
    known = {one.id for one in made}
    for one in made:
        if one.reply_to in known:
            answers.setdefault(one.reply_to, []).append(one)
    return tuple(_with(one, answers) for one in made if one.reply_to not in known)


def _with(one: Comment, answers: Mapping[str, Sequence[Comment]]) -> Comment:
    some = answers.get(one.id)
    if not some:
        return one
    fields: dict[str, Any] = {name: getattr(one, name) for name in Comment.__slots__}
    return Comment(**{**fields, "replies": tuple(some), "new": one.new or any(each.new for each in some)})


def _comment(item: Item, settled: Mapping[str, Sequence[Item]], before: int) -> Comment:
    body = item.body
    acts = settled.get(str(body.get("comment_id")), ())
    last = acts[-1] if acts else None
    text = {name: str(body.get(name, "")) for name in ("event_id", "sha256", "clause", "draft_hash", "review_id")}
    return Comment(
        id=str(body.get("comment_id", "")),
        text=str(body.get("text", "")),
        by=item.by[0] if item.by else "",
        at=item.received,
        anchor=str(body.get("anchor", "case")),
        event=text["event_id"],
        sha256=text["sha256"],
        clause=text["clause"],
        draft=text["draft_hash"],
        review=text["review_id"],
        reply_to=str(body.get("reply_to", "")),
        open=last is None or last.body.get("state") == "reopened",
        version=1 + len(acts),
        settled_by="" if last is None or not last.by else last.by[0],
        settled_at=None if last is None else last.received,
        reason="" if last is None else str(last.body.get("reason", "")),
        new=bool(before) and max(item.received, *(one.received for one in acts)) > before
        if acts
        else bool(before) and item.received > before,
    )


def drafts(file: CaseFile, reviews: Sequence[Review]) -> tuple[Draft, ...]:
    """The versions of the draft of a case, the newest first."""
    comments = _comments(file.beside, 0)
    made = [one for one in file.beside if one.type == DRAFT and one.understood]
    found = [one for one in made if not one.claim and one.kind != "branch"]
    found.sort(key=lambda one: (int(one.body.get("version", 0)), one.occurred), reverse=True)
    by_hash = {one.draft_hash: one for one in reviews}
    return tuple(
        Draft(
            item,
            int(item.body.get("version", 0)),
            str(item.body.get("draft_hash", "")),
            by_hash.get(str(item.body.get("draft_hash", ""))),
            tuple(c for c in comments if c.draft and c.draft == item.body.get("draft_hash") and not c.event),
            number == 0,
        )
        for number, item in enumerate(found)
    )


def late_hours(rule_value: object) -> int:
    """The limit of an upload (hours) as ms; 24 hours where no rule is in force."""
    return (rule_value if isinstance(rule_value, int) else 24) * 3_600_000
