"""What administrators do on pages that needs the log or the keys: enrolment codes, revocation, rule sets.

Invariant: what is published goes the way of `liuhen import rules`, through the same reading and the same acts, so that
a page and the command cannot differ.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg

from domain import import_rules
from domain.imports import Fault
from domain.rulebook import Rule, covers
from ops import codes
from ops.compose import Database
from ops.faces import who
from ops.settings import Settings, SettingsError
from projections import rulefiles
from projections.scope import looking
from schemas import entries
from schemas.entries import EntryRefused, OfficeEntry
from schemas.events import REGISTRY, InvalidBody
from schemas.events.rule_set import RuleSetPublished
from schemas.problems import Problem
from server.identity.person import Person
from server.log import import_acts
from server.log.committer import Committer
from server.log.ids import now_ms
from server.sync.changes import superiors

MAX_RULES = 2_000


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One entry that is in force or will be: as its file or its publication says."""

    key: str
    value: str
    since: str
    until: str
    source: str
    authority: str
    version: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a file of rules would do, or did. `counts`: acts that are new, changed, unchanged, refused."""

    faults: Sequence[Fault]
    counts: Mapping[str, int]
    recorded: int


class OfficeKeeping:
    """Implements server.web.app.Keeping on a log that is written here."""

    def __init__(
        self, settings: Settings, database: Database, committer: Committer, pool: asyncpg.Pool, console: asyncpg.Pool
    ) -> None:
        self._settings = settings
        self._database = database
        self._committer = committer
        self._pool = pool
        self._console = console

    async def issue_code(self, person: Person) -> Mapping[str, str]:
        """A code that enrols one terminal of the person's authority. Raises Problem conflict where it has no log."""
        try:
            return asdict(await codes.issue(self._settings, self._database, person.authority))
        except SettingsError:
            raise Problem("conflict", "this authority has no log yet: `liuhen authority add` begins one") from None

    async def rules(self, person: Person) -> Sequence[RuleLine]:
        """What the program knows for an authority, and what was published for it."""
        book, _ = rulefiles.load()
        found = [_line(rule) for rule in book.all if not rule.authority or covers(rule.authority, person.authority)]
        for authority, body in await self._published(person.authority):
            found += [
                RuleLine(
                    entry.key, shown(entry.value), str(entry.since), _day(entry.until),
                    f"{body.source_document} {entry.source}", authority, f"{body.ruleset_id} {body.version}", True,
                )
                for entry in body.entries
            ]  # fmt: skip
        return sorted(found, key=lambda line: (line.key, line.since, line.authority))[:MAX_RULES]

    async def publish_rules(self, person: Person, content: bytes, *, dry_run: bool) -> Told:
        """Read a file of rules, hold it against the log, publish what is new. With one fault nothing is recorded."""
        book, calendar = rulefiles.load()
        table = import_rules.read_rules(content, authority=person.authority, book=book, calendar=calendar)
        rows = [import_acts.Row(one.row, one.type, one.about, one.body, one.origin, one.once) for one in table.acts]
        compared = await import_acts.compare(self._pool, person.authority, rows)
        refused = [
            Fault(
                one.row.number, "version", "这一版本已发布，内容不同：请另写一个 version",
                "this version was published with other content: give the file another `version`",
            )
            for one in compared
            if one.state == "refused"
        ]  # fmt: skip
        faults = [*table.faults, *refused]
        counts: dict[str, int] = dict(sorted(Counter(one.state for one in compared).items()))
        if dry_run or faults:
            return Told(faults, counts, 0)
        recorded = await import_acts.append(self._committer, person.authority, compared, who(person), now_ms())
        return Told((), counts, recorded)

    async def _published(self, authority: str) -> list[tuple[str, RuleSetPublished]]:
        """Rule sets of the authority and of those whose code stands above it, the oldest first."""
        found = []
        above = superiors(authority)
        async with looking(self._console, [authority, *above]) as connection:
            for publisher in (authority, *above):
                rows = await connection.fetch("SELECT entry FROM view.rule_sets($1)", publisher)
                found += [(publisher, body) for row in rows if (body := _rule_set(bytes(row["entry"]))) is not None]
        return found


def _rule_set(data: bytes) -> RuleSetPublished | None:
    try:
        entry = entries.decode(data)
        body = REGISTRY.decode_body(entry.y, entry.b) if isinstance(entry, OfficeEntry) else None
    except (EntryRefused, InvalidBody):
        return None
    return body if isinstance(body, RuleSetPublished) else None


def shown(value: Any) -> str:
    """A value of a rule: a text as it is, anything else as a file of rules writes it."""
    return value if isinstance(value, str) else _literal(value)


def _literal(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            return "{" + ", ".join(f"{key} = {_literal(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_literal(one) for one in value) + "]"
        case _:
            return str(value)


def _line(rule: Rule) -> RuleLine:
    return RuleLine(
        rule.key, shown(rule.value), rule.since.isoformat(), _day(rule.until), rule.source, rule.authority,
        rule.version, rule.verified,
    )  # fmt: skip


def _day(value: object) -> str:
    return str(value) if value is not None and str(value) != "UNSET" else ""
