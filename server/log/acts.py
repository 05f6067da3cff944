"""Acts of the office on their way into the log: entries of kind `office`, with versions and append conditions.

An act belongs to an aggregate (origin) and gives the version that it was decided at; of two at once one wins, the other
is told `conflict`. A rule across objects is an append condition: nothing of these types with this tag behind the
position that the decision read, checked under the head's lock.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from schemas import admission, canonical, entries
from schemas import enrolment as enrolments
from schemas import envelope as envelopes
from schemas.admission import TerminalState
from schemas.entries import Who
from schemas.events import REGISTRY, InvalidBody
from schemas.outline import places
from schemas.problems import Problem
from server.log import store
from server.log.batches import epoch_entries
from server.log.book import Book, LogState
from server.log.committer import Committer
from server.log.group import Group, Terminal, Turn
from server.log.ids import uuid_text
from server.log.store import Connection

OFFICE_CHAIN: Final = -1
"""The chain number of office acts in log.keys: acts about a terminal have its id as origin, as field events do."""


NO_TERMINAL: Final = bytes(16)
"""In place of the terminal that a personal value is waited for from: the office brings its own along."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act: type, tags, body, aggregate `origin`, the version that it makes, and the event's own id (UUIDv7)."""

    type: str
    about: Sequence[str]
    body: Mapping[str, Any]
    origin: bytes
    version: int
    id: bytes


@dataclass(frozen=True, slots=True)
class Condition:
    """Refuse if an entry of one of `types` with `tag` stands behind position `after` (-1: anywhere)."""

    types: frozenset[str]
    tag: str
    after: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an act stands: log, epoch, positions, and the note that covers them."""

    log_id: int
    epoch: int
    positions: tuple[int, ...]
    note: str


Effect = Callable[[TerminalState], TerminalState]


class OfficeActs:
    """Acts of an aggregate, or of several, appended together or not at all.

    Idempotency: (origin, version) of each – the second attempt is `conflict`.
    """

    def __init__(
        self,
        authority: str,
        acts: Sequence[Act],
        who: Who,
        received: int,
        *,
        conditions: Sequence[Condition] = (),
        effects: Sequence[tuple[bytes, Effect]] = (),
        private: Mapping[bytes, bytes] = {},
    ) -> None:
        """`private`: commitment -> sealed value, for what the bodies commit to (`private_values.sealed`)."""
        self._private = dict(private)
        self._authority = authority
        self._acts = acts
        self._who = who
        self._received = received
        self._conditions = conditions
        self._effects = effects
        self._versions: dict[bytes, int] = {}
        self._broken: Condition | None = None
        self._positions: tuple[int, ...] = ()
        self.size = 4_096 * len(acts)

    @property
    def authority(self) -> str:
        """The log that this goes to."""
        return self._authority

    def terminals(self) -> Sequence[bytes]:
        """Terminals whose state the acts change."""
        return [terminal for terminal, _ in self._effects]

    def places(self, group: Group) -> None:
        """No field events are looked up."""

    def ids(self) -> Sequence[bytes]:
        """Event ids to look for."""
        return [act.id for act in self._acts]

    async def read(self, connection: Connection, turn: Turn, group: Group, book: Book) -> None:
        """The versions of the aggregates and the append conditions, both under the lock."""
        for origin in {act.origin for act in self._acts}:
            self._versions[origin] = await self._newest(connection, turn, book, origin)
        self._broken = None
        for condition in self._conditions:
            if await _violated(connection, book, turn.log.log_id, condition):
                self._broken = condition
                return

    async def _newest(self, connection: Connection, turn: Turn, book: Book, origin: bytes) -> int:
        version: int = await connection.fetchval(book.queries["last_version"], turn.log.log_id, store.uuid(origin))
        return version

    def decide(self, turn: Turn, group: Group) -> None:
        """Append the acts. Raises Problem conflict."""
        versions = dict(self._versions)
        for _, origin, version, chain, *_ in turn.keys:
            if chain == OFFICE_CHAIN and origin in versions:
                versions[origin] = max(versions[origin], version)
        broken = self._broken or next((one for one in self._conditions if _violated_here(turn, one)), None)
        if broken is not None:
            raise Problem("conflict", f"something with the tag {broken.tag} was added meanwhile")
        for act in self._acts:
            expected = versions[act.origin] = versions[act.origin] + 1
            if act.version != expected:
                raise Problem("conflict", f"expected version {expected}, got {act.version}", expected=expected)
        states: list[tuple[Terminal, TerminalState]] = []
        for terminal, effect in self._effects:
            found = group.terminals.get(terminal)
            if found is None:
                raise Problem("unknown_terminal")
            states.append((found, effect(found.state)))
        positions = []
        tags: dict[str, list[int]] = {}
        for act in self.ready(turn, group):
            entry = entries.office(
                about=act.about,
                body=act.body,
                id=act.id,
                origin=act.origin,
                version=act.version,
                who=self._who,
                type=act.type,
                salt=secrets.token_bytes(16),
                received=self._received,
            )
            position = turn.append(entry)
            positions.append(position)
            turn.key(act.origin, act.version, OFFICE_CHAIN, position, 0, act.id)
            for commitment in _commitments(act):
                group.wanted.append((turn.log.log_id, NO_TERMINAL, "private", commitment, 0, position))
                if commitment in self._private:
                    group.private.append((commitment, self._private[commitment], True))
            for tag in sorted(set(act.about)):
                if envelopes.is_indexed(tag):
                    tags.setdefault(tag, []).append(position)
        turn.tag(tags)
        for found, state in states:
            found.state = state
            found.version += sum(act.origin == found.terminal for act in self._acts)
            found.touched = True
        self._positions = tuple(positions)

    def ready(self, turn: Turn, group: Group) -> Sequence[Act]:
        """The acts, once nothing can refuse them any more: what must stand before them in the log is appended here."""
        return self._acts

    async def answer(self, turn: Turn, committer: Committer) -> Placed:
        """Where the acts stand."""
        return Placed(turn.log.log_id, turn.log.epoch, self._positions, turn.note)


def _commitments(act: Act) -> tuple[bytes, ...]:
    kind = REGISTRY.lookup(act.type)
    if kind is None or not kind.private:
        return ()
    try:
        return kind.commitments(REGISTRY.decode_body(act.type, act.body))
    except InvalidBody:
        return ()


def _violated_here(turn: Turn, condition: Condition) -> bool:
    """The same of what this group has appended so far: it is in no table yet."""
    for tag, first, offsets in turn.tags:
        if tag != condition.tag:
            continue
        found = [place for place in places(first, offsets) if place > condition.after]
        if any(_type_of(turn.entries[place - turn.base]) in condition.types for place in found):
            return True
    return False


async def _violated(connection: Connection, book: Book, log_id: int, condition: Condition) -> bool:
    rows = await connection.fetch(book.queries["tag_after"], log_id, condition.tag, condition.after)
    behind: list[int] = []
    for row in rows:
        behind += [place for place in places(row["position"], bytes(row["offsets"])) if place > condition.after]
    for start in range(0, len(behind), 500):
        found = await connection.fetch(
            "SELECT entry FROM log.entries WHERE log_id = $1 AND position = ANY ($2::bigint[])",
            log_id,
            behind[start : start + 500],
        )
        for row in found:
            if _type_of(bytes(row["entry"])) in condition.types:
                return True
    return False


def _type_of(entry: bytes) -> str:
    value = entries.decode(entry)
    match value:
        case entries.OfficeEntry():
            return value.y
        case entries.FieldEntry() | entries.BranchEntry():
            return _envelope_type(value.e)
        case _:
            return ""


def _envelope_type(envelope: bytes) -> str:
    """The type that an envelope states, "" where its bytes are not canonical: nothing is read from those."""
    try:
        fields = canonical.decode(envelope)
    except canonical.NotCanonical:
        return ""
    name = fields.get("type") if isinstance(fields, dict) else None
    return name if isinstance(name, str) else ""


class Enrolment:
    """A terminal's enrolment: code, keys and signatures were checked at the door. Idempotency: code and request."""

    def __init__(
        self,
        authority: str,
        request: enrolments.EnrolmentRequest,
        terminal: bytes,
        act_id: bytes,
        code_hash: bytes,
        request_hash: bytes,
        received: int,
        *,
        signed_epoch: int,
    ) -> None:
        self._authority = authority
        self._request = request
        self._terminal = terminal
        self._act_id = act_id
        self._code_hash = code_hash
        self._request_hash = request_hash
        self._received = received
        self._signed_epoch = signed_epoch
        self._refusal: Problem | None = None
        self._position = 0
        self._entry = b""
        self.size = 8_192

    @property
    def authority(self) -> str:
        """The log that this goes to."""
        return self._authority

    def terminals(self) -> Sequence[bytes]:
        """None is known yet."""
        return ()

    def places(self, group: Group) -> None:
        """No field events are looked up."""

    def ids(self) -> Sequence[bytes]:
        """No event ids to look for."""
        return ()

    async def read(self, connection: Connection, turn: Turn, group: Group, book: Book) -> None:
        """Whether code and keys are still free, under the lock."""
        code = await connection.fetchrow(book.queries["code"], self._code_hash)
        used = await connection.fetchval(book.queries["key_used"], [self._request.event_key, self._request.request_key])
        self._refusal = None
        if code is None or code["authority"] != self._authority or not code["alive"] or code["terminal"] is not None:
            self._refusal = Problem("enrolment_code_invalid")
        elif used:
            self._refusal = Problem("key_refused", "a key was enrolled before")

    def decide(self, turn: Turn, group: Group) -> None:
        """Append `terminal.enrolled.v1` and the terminal's row."""
        if self._refusal is not None:
            raise self._refusal
        taken = [s for s in group.statements if s[0] == "add_terminal"]
        request = self._request
        keys = {request.event_key, request.request_key}
        for _, arguments in taken:
            if arguments[8] == self._code_hash:
                raise Problem("enrolment_code_invalid")
            if keys & {arguments[2], arguments[3]}:
                raise Problem("key_refused", "a key was enrolled before")
        genesis = enrolments.genesis_hash(self._terminal, request.event_key)
        body: dict[str, Any] = {
            "authority": self._authority,
            "event_key": request.event_key,
            "genesis": genesis,
            "info": dict(request.info),
            "request_key": request.request_key,
            "terminal": self._terminal,
        }
        if request.replaces is not None:
            body["replaces"] = request.replaces
        about = [f"authority:{self._authority}", f"terminal:{uuid_text(self._terminal)}"]
        self._entry = entries.office(
            about=about,
            body=body,
            id=self._act_id,
            origin=self._terminal,
            version=1,
            who=Who(service="enrolment", session=sha256(self._code_hash).digest(), via="code"),
            type="terminal.enrolled.v1",
            salt=secrets.token_bytes(16),
            received=self._received,
        )
        self._position = turn.append(self._entry)
        turn.key(self._terminal, 1, OFFICE_CHAIN, self._position, 0, self._act_id)
        replaces = None if request.replaces is None else store.uuid(request.replaces)
        group.statements.append(
            (
                "add_terminal",
                (
                    store.uuid(self._terminal), self._authority, request.event_key, request.request_key, replaces,
                    turn.log.log_id, self._position, genesis, self._code_hash, self._request_hash,
                ),
            )
        )  # fmt: skip

    async def answer(self, turn: Turn, committer: Committer) -> bytes:
        """The answer of section 6, with proofs."""
        return await enrolment_answer(
            turn.log, turn.size, turn.note, self._position, self._entry, committer, self._signed_epoch
        )


async def enrolment_answer(
    log: LogState, size: int, note: str, position: int, entry: bytes, committer: Committer, signed_epoch: int
) -> bytes:
    """The enrolment answer for an entry at `position`, proven in the checkpoint `note` of `size` leaves.

    `signed_epoch` is that of the verifier key which the terminal signed for: it gets every epoch from there on.
    """
    act = entries.decode(entry)
    assert isinstance(act, entries.OfficeEntry)
    answer = enrolments.EnrolmentAnswer(
        authority=log.authority,
        checkpoint=note,
        entry=entry,
        index=position,
        hashes=tuple(await log.tree.inclusion(position, size)),
        epochs=tuple(await epoch_entries(committer.pool, committer.book.queries, log, signed_epoch - 1)),
        epoch_proof=tuple(await log.tree.inclusion(0, size)),
        genesis=act.b["genesis"],
        terminal=act.b["terminal"],
    )
    return answer.encode()


def hold_effect(state: TerminalState) -> TerminalState:
    """`terminal.held.v1`."""
    return admission.hold(state)


def release_effect(state: TerminalState) -> TerminalState:
    """`terminal.released.v1`. A terminal with an open fork is not released before an officer named the branch."""
    if state.rare.open_branches:
        raise Problem("conflict", "a fork is open: resolve it first")
    return admission.release(state)


def resolve_effect(branch: bytes | None) -> Effect:
    """`terminal.fork_resolved.v1`; None keeps the chain that was stored."""
    return lambda state: admission.resolve_fork(state, "stored" if branch is None else branch)


def revoke_effect(state: TerminalState) -> TerminalState:
    """`terminal.revoked.v1`."""
    return admission.revoke(state)
