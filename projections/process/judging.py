"""From facts to rows: which matters a new fact makes dirty, how the facts of one are arranged, judged and written down.

Pure, so that a test may run it ten thousand times and the runner but once. Invariant: the rows of a matter depend on
the set of its facts, on the facts that it asked for, and on the context; not on who read them or in which order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec

from domain import corrections
from domain.judges import JUDGES
from domain.matter import Deadline, Fact, Judge, Judgement, Matter, Signal, Verdict, order
from domain.settling import signal_id
from projections.process.context import RULES, Context
from projections.process.reading import Filed

MatterId: TypeAlias = tuple[str, str]
"""(kind, key)."""

MAX_FACTS: Final = 50_000
"""Facts that a matter may ask for beside its own: what asks for more is parked with an alarm, not held in memory."""

DISPUTED: Final = "signal.disputed.v1"
RESOLVED: Final = "signal.resolved.v1"
PARKED: Final = "parked"
"""Stage of a matter that its judge could not judge."""


class TooManyFacts(Exception):
    """A matter has more facts than its judge takes, or asks for more than MAX_FACTS."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Everything that is written for one matter. `needs` are the keys it rests on; `error` the class of a failure."""

    id: MatterId
    matter: Mapping[str, Any]
    deadlines: Sequence[Mapping[str, Any]] = ()
    verdicts: Sequence[Mapping[str, Any]] = ()
    signals: Sequence[Mapping[str, Any]] = ()
    needs: tuple[str, ...] = ()

    @property
    def error(self) -> str:
        """Class of the error with which the judge failed, "" if it did not."""
        return str(self.matter["error"])


@dataclass(frozen=True, slots=True)
class Opened:
    """A dirty matter with its own facts arranged, and what its judge needs beside them."""

    id: MatterId
    facts: tuple[Fact, ...]
    needs: tuple[str, ...]
    error: str = ""
    judge: Judge | None = field(default=None, compare=False)


def matter_of(key: str, judges: Mapping[str, Judge] = JUDGES) -> MatterId | None:
    """The matter that a key names, None for a shelf or a kind that nobody judges."""
    kind, _, name = key.partition(":")
    return (kind, name) if name and kind in judges else None


def key_of(matter: MatterId) -> str:
    """The key under which a matter's own facts are filed."""
    return f"{matter[0]}:{matter[1]}"


def is_rules(key: str) -> bool:
    """Whether facts under a key change the context of other matters."""
    return key.startswith(RULES + ":")


def stem(authority: str) -> str:
    """What the codes of an authority and of those below it begin with: 210000 -> "21", 000000 -> ""."""
    while authority.endswith("00"):
        authority = authority[:-2]
    return authority


def arrange(filed: Iterable[Filed]) -> tuple[Fact, ...]:
    """Facts in the order of a matter. The same event in the logs of two epochs is one fact, the earlier received."""
    found: dict[tuple[bytes, bytes, int, bytes], Filed] = {}
    for one in filed:
        name = (one.fact.id, *one.tie)
        known = found.get(name)
        if known is None or one.fact.received < known.fact.received:
            found[name] = one
    ordered = sorted(found.values(), key=lambda one: (order(one.fact), one.tie))
    return tuple(one.fact for one in ordered)


def owner(facts: Sequence[Fact]) -> str:
    """The authority whose matter it is: that of the first office act that counts, else of the first fact."""
    for fact in facts:
        if fact.counts and fact.source == "office":
            return fact.authority
    return facts[0].authority if facts else ""


def open_matter(matter: MatterId, filed: Sequence[Filed], judges: Mapping[str, Judge] = JUDGES) -> Opened:
    """Arrange a matter's own facts and ask its judge what else it needs. Never raises."""
    judge = judges[matter[0]]
    facts = arrange(filed)
    if len(filed) > judge.most:
        return Opened(matter, facts, (), TooManyFacts.__name__, judge)
    try:
        own = key_of(matter)
        return Opened(matter, facts, tuple(sorted(key for key in judge.needs(facts) if key != own)), "", judge)
    except Exception as fault:  # noqa: BLE001 - the matter is parked, the others go on
        return Opened(matter, facts, (), type(fault).__name__, judge)


def close_matter(opened: Opened, shelves: Mapping[str, tuple[Fact, ...]], context: Context) -> Rows | None:
    """Judge a matter that was opened. None where nothing is filed under it any more. Never raises."""
    if not opened.facts:
        return None
    if opened.error or opened.judge is None:
        return _parked(opened, opened.error)
    others = {key: shelves.get(key, ()) for key in opened.needs}
    if sum(len(facts) for facts in others.values()) > MAX_FACTS:
        return _parked(opened, TooManyFacts.__name__)
    try:
        return _rows(opened, corrections.judged(opened.judge, matter_of_facts(opened, others, context)))
    except Exception as fault:  # noqa: BLE001 - as above
        return _parked(opened, type(fault).__name__)


def matter_of_facts(opened: Opened, shelves: Mapping[str, tuple[Fact, ...]], context: Context) -> Matter:
    """What the judge of an opened matter is given."""
    kind, key = opened.id
    authority = owner(opened.facts)
    others = {name: shelves.get(name, ()) for name in opened.needs}
    return Matter(kind, key, authority, opened.facts, context.rules, context.calendar(authority), others)


def park(rows: Rows, error: str) -> Rows:
    """The rows of a matter that the database refuses."""
    matter = {
        **rows.matter,
        "stage": PARKED,
        "error": error,
        "columns": {},
        "page": {},
        "officers": [],
        "terminals": [],
    }
    return _sealed(rows.id, matter, (), (), (), rows.needs)


def _rows(opened: Opened, judged: Judgement) -> Rows:
    kind, key = opened.id
    authority = judged.authority or owner(opened.facts)
    common = {"kind": kind, "key": key, "authority": authority}
    acts = _acts(opened.facts)
    officers = {*judged.officers, *(name for one in judged.deadlines for name in one.officers)}
    matter = {
        **_matter(opened, authority),
        "stage": judged.stage,
        "officers": sorted(officers),
        "terminals": sorted(str(UUID(bytes=one)) for one in set(judged.terminals)),
        "columns": dict(judged.columns),
        "page": dict(judged.page),
    }
    deadlines = [{**common, **_deadline(one)} for one in judged.deadlines]
    verdicts = [{**common, **_verdict(one)} for one in judged.verdicts]
    signals = [{**common, **_signal(one, kind, key, acts)} for one in judged.signals]
    return _sealed(
        opened.id,
        matter,
        _apart(deadlines, ("rule", "about")),
        _apart(verdicts, ("rule", "about")),
        _apart(signals, ("id",)),
        opened.needs,
    )


def _matter(opened: Opened, authority: str) -> dict[str, Any]:
    kind, key = opened.id
    return {
        "kind": kind,
        "key": key,
        "authority": authority,
        "first": min(fact.occurred for fact in opened.facts),
        "last": max(fact.received for fact in opened.facts),
        "facts": len(opened.facts),
        "error": "",
    }


def _parked(opened: Opened, error: str) -> Rows:
    matter = _matter(opened, owner(opened.facts))
    if error == TooManyFacts.__name__:
        # Not all of them were read; which ones is no matter of the facts.
        matter.update(first=0, last=0, facts=0)
    empty = {"stage": PARKED, "error": error, "columns": {}, "page": {}, "officers": [], "terminals": []}
    return _sealed(opened.id, {**matter, **empty}, (), (), (), opened.needs)


def _sealed(
    matter_id: MatterId,
    matter: Mapping[str, Any],
    deadlines: Sequence[Mapping[str, Any]],
    verdicts: Sequence[Mapping[str, Any]],
    signals: Sequence[Mapping[str, Any]],
    needs: tuple[str, ...],
) -> Rows:
    whole = msgspec.json.encode((matter, deadlines, verdicts, signals, needs), order="deterministic")
    digest = sha256(whole).hexdigest()
    return Rows(matter_id, {**matter, "digest": f"\\x{digest}"}, deadlines, verdicts, signals, needs)


def _deadline(one: Deadline) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "about": one.about,
        "version": one.version,
        "start": one.start,
        "due": one.due,
        "last_day": one.last_day,
        "met": one.met,
        "met_by": None if one.met_by is None else one.met_by.hex(),
        "cancelled": one.cancelled,
        "provisional": one.provisional,
        "binding": one.binding,
        "absent": one.absent,
        "inputs": _ids(one.inputs),
        "officers": sorted(set(one.officers)),
        "earlier": [{"due": was.due, "zh": was.reason.zh, "en": was.reason.en} for was in one.earlier],
        "zh": one.text.zh,
        "en": one.text.en,
    }


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "about": one.about,
        "version": one.version,
        "outcome": one.outcome,
        "absent": one.absent,
        "gate": one.gate,
        "inputs": _ids(one.inputs),
        "zh": one.reason.zh,
        "en": one.reason.en,
    }


def _signal(one: Signal, kind: str, key: str, acts: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    name = signal_id(one.rule, kind, key, one.about)
    done = acts.get(name, [])
    state = str(done[-1]["state"]) if done else "open"
    return {
        "id": name,
        "rule": one.rule,
        "about": one.about,
        "version": one.version,
        "severity": one.severity,
        "score": one.score,
        "opens": one.opens,
        "closes": one.closes,
        "absent": one.absent,
        "state": "withdrawn" if state == "open" and one.closes is not None else state,
        "acts": done,
        "inputs": _ids(one.inputs),
        "officers": sorted(set(one.officers)),
        "zh": one.reason.zh,
        "en": one.reason.en,
    }


def _acts(facts: Sequence[Fact]) -> dict[str, list[dict[str, Any]]]:
    """Disputes and resolutions by signal, in order. Only acts of the office are such; a claim is none."""
    found: dict[str, list[dict[str, Any]]] = {}
    for fact in facts:
        if fact.type not in (DISPUTED, RESOLVED) or not fact.counts or fact.body is None:
            continue
        said = msgspec.to_builtins(fact.body, builtin_types=(bytes,), str_keys=True)
        name = said.get("signal_id", "")
        shown = {
            key: value
            for key, value in said.items()
            if isinstance(value, str | int | bool) and key not in ("signal_id", "matter")
        }
        found.setdefault(name.hex() if isinstance(name, bytes) else str(name), []).append(
            {
                "said": shown,
                "state": "disputed" if fact.type == DISPUTED else "resolved",
                "act": fact.id.hex(),
                "at": fact.occurred,
                "by": list(fact.by),
            }
        )
    return found


def _ids(ids: Iterable[bytes]) -> list[str]:
    return sorted({one.hex() for one in ids})


def _apart(rows: Iterable[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows sorted by their key. Raises ValueError where two have the same one: a judge must tell them apart."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        name = tuple(str(row[one]) for one in names)
        if name in found:
            raise ValueError(f"two rows of one matter for {name}")
        found[name] = row
    return [found[name] for name in sorted(found)]
