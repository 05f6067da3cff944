"""Publication as acts of the office: prepared by one officer, released by another, corrected, withdrawn, expired (E45).

A release is one transaction: the `disclosure` entry, behind it the act that cites its position, and beside the log the
document with its salt. The invariants: nothing is released but the bytes that were prepared, on the day's date; the
prepared act's officer never releases it; no gate of the decision is closed on all that stood in the log before.
"""

from __future__ import annotations

import asyncio
import datetime
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
import msgspec
from msgspec import UNSET

from domain import disclosure_record as records
from domain import publication
from domain.disclosure_record import Command, Expire, Fact, Gate, Pending, Prepare, Proposes, Record, Release, SendBack
from domain.office.refusals import refused
from domain.publication import NothingToPublish, Proposal, Sheet
from domain.rulebook import NoRule
from domain.workdays import day_of
from projections import layouts
from schemas import entries, private
from schemas import published_document as documents
from schemas.entries import EntryRefused, OfficeEntry, Who
from schemas.events import REGISTRY, Body, InvalidBody
from schemas.events.disclosure import (
    DisclosureCorrected,
    DisclosureExpired,
    DisclosurePublished,
    DisclosureWithdrawn,
)
from schemas.private import SealRefused
from schemas.problems import Problem
from schemas.published_document import Document, DocumentRefused, Outcome
from server.log import disclosure_gate, store
from server.log.acts import Act, Condition, Placed
from server.log.book import Book
from server.log.committer import Committer
from server.log.disclosure_gate import Opened, Unmoved
from server.log.group import Group, Turn
from server.log.ids import now_ms, uuid7, uuid_text
from server.log.repository import VersionedActs
from server.log.store import Connection

MAX_TRIES: Final = 8
FOLLOW_SECONDS: Final = 0.25
S = TypeVar("S")
MAX_ACTS: Final = 10_000
AT_ONCE: Final = 200
SALT_BYTES: Final = 32
NAMESPACE: Final = uuid.UUID("0d4c2f0e-5a44-5b07-8f2b-6f3a6f3b9d52")
"""Of the names (event ids of decisions) from which the ids of records are made."""
MAX_EDIT: Final = 5_000
PUBLIC: Final = (DisclosurePublished, DisclosureCorrected, DisclosureWithdrawn, DisclosureExpired)
"""Acts that change what is public: each is preceded by its `disclosure` entry."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an act brought about and where it stands."""

    record: Record
    fact: Fact
    placed: Placed


@dataclass(frozen=True, slots=True)
class _Loaded:
    version: int
    record: Record


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a release writes beside its act."""

    outcome: Outcome
    document: bytes
    salt: bytes


@dataclass(frozen=True, slots=True)
class _Beside:
    """What a preparation writes beside its act: the document, b"" for none, and the files that it cites."""

    document: bytes
    files: tuple[bytes, ...] = ()


_Prepared: TypeAlias = tuple[Prepare, bytes, tuple[bytes, ...]]


class DisclosureActs:
    """The officers' service. `pool` reads the log and the process tables (role of the writer), `committer` appends."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool, clock: Callable[[], int] = now_ms) -> None:
        self._committer = committer
        self._pool = pool
        self._clock = clock
        self._queries = store.load_queries("server.log", "office.sql")

    # -- looking --

    async def sheet(
        self, authority: str, kind: str, key: str, decision: bytes, edits: Mapping[str, str] | None = None
    ) -> Sheet:
        """What could be published of a decision or result, side by side with what is withheld. Raises Problem."""
        opened = await disclosure_gate.open_matter(self._pool, self._queries, authority, kind, key)
        loaded = await self._load(authority, record_of(decision))
        return await self._sheet(authority, opened, loaded.record, decision, edits)

    async def sheet_of(self, authority: str, record: bytes, edits: Mapping[str, str] | None = None) -> Sheet:
        """The same of a record that was prepared once. Raises Problem not_found."""
        loaded = await self._known(authority, record)
        opened = await self._open(authority, loaded.record)
        return await self._sheet(authority, opened, loaded.record, loaded.record.decision, edits)

    async def _open(self, authority: str, record: Record) -> Opened:
        return await disclosure_gate.open_matter(self._pool, self._queries, authority, *matter_of(record, authority))

    async def _sheet(
        self, authority: str, opened: Opened, record: Record, decision: bytes, edits: Mapping[str, str] | None
    ) -> Sheet:
        today = day_of(self._clock())
        waiting = await self._document(record.pending.digest) if record.pending is not None else None
        standing = await self._standing(record.id) if record.revision else None
        gates = disclosure_gate.closed(opened.matter, decision)
        try:
            proposal = await self._propose(authority, opened, decision, today, edits)
        except NoRule as lacking:
            return Sheet(record, None, gates, waiting, standing, lacking.key)
        except NothingToPublish:
            return Sheet(record, None, gates, waiting, standing)
        return Sheet(record, proposal, gates, waiting, standing)

    # -- acting --

    async def prepare_publication(
        self, authority: str, kind: str, key: str, decision: bytes, edits: Mapping[str, str], months: int, who: Who
    ) -> Done:
        """Prepare what is to be published of a decision or result. Again: replaces what waits. Raises Problem."""

        async def command(record: Record, opened: Opened | None, today: datetime.date) -> _Prepared:
            assert opened is not None
            proposal = await self._ready(authority, opened, decision, today, edits, months)
            made = _encode(publication.document(proposal, record.id, today, months))
            return _prepare(
                "publish", who, proposal, opened, made, months=months,
                closed=disclosure_gate.closed(opened.matter, decision),
            ), made, proposal.files  # fmt: skip

        return await self._prepare(authority, record_of(decision), (kind, key), command, who)

    async def prepare_correction(
        self, authority: str, record: bytes, edits: Mapping[str, str], months: int, reason: str, who: Who
    ) -> Done:
        """Prepare a new revision of a record that stands, out of what the file says now. Raises Problem."""

        async def command(now: Record, opened: Opened | None, today: datetime.date) -> _Prepared:
            assert opened is not None
            proposal = await self._ready(authority, opened, now.decision, today, edits, months)
            made = _encode(
                publication.document(
                    proposal, now.id, today, months, revision=now.revision + 1, first=now.published_on or today,
                    reason=reason.strip() or "-",
                )
            )  # fmt: skip
            return _prepare(
                "correct", who, proposal, opened, made, months=months, reason=reason,
                closed=disclosure_gate.closed(opened.matter, now.decision),
            ), made, proposal.files  # fmt: skip

        known = await self._known(authority, record)
        return await self._prepare(authority, record, matter_of(known.record, authority), command, who)

    async def prepare_withdrawal(
        self, authority: str, record: bytes, ground: str, reason: str, who: Who, alteration: bytes = b""
    ) -> Done:
        """Prepare that a record which stands is taken back, with the public reason. Raises Problem."""

        async def command(now: Record, _: Opened | None, today: datetime.date) -> _Prepared:
            why = next((one for one in records.WITHDRAWALS if one == ground), None)
            if why is None:
                raise refused(
                    "bad_request", "请选择所列的一种事由。",
                    f"expected a ground out of {', '.join(records.WITHDRAWALS)}",
                )  # fmt: skip
            if barred := records.barred(now, "withdraw"):
                raise records.closed_by(*barred)
            stands = await self._standing(now.id)
            made = _encode(publication.tombstone(stands, "withdrawn", today, reason.strip() or "-", why))
            return Prepare(
                "withdraw", _name(who), now.subject, now.feed, publication.redaction_version(stands.layout or ""),
                sha256(made).digest(), case_id=now.case_id, task_id=now.task_id, draw_id=now.draw_id,
                document_no=now.document_no, decision=now.decision, ground=ground, reason=reason, alteration=alteration,
            ), made, ()  # fmt: skip

        return await self._prepare(authority, record, None, command, who)

    async def prepare_withholding(
        self, authority: str, kind: str, key: str, decision: bytes, ground: str, reason: str, who: Who
    ) -> Done:
        """Prepare that a decision or result is not published at all; the reason stays inside. Raises Problem."""

        async def command(_: Record, opened: Opened | None, __: datetime.date) -> _Prepared:
            assert opened is not None
            if kind == "officers":
                raise refused(
                    "bad_request", "执法人员名单应当公示；没有有效证件的人员不在其中。",
                    "the list of officers is published: who has no certificate is not in it",
                )  # fmt: skip
            fact = next((one for one in opened.matter.facts if one.id == decision and one.counts), None)
            if fact is None:
                raise refused("not_found", "卷宗中没有这项决定或者结果。", "the file has no such decision or result")
            number = getattr(fact.body, "document_no", UNSET)
            subject, (case, task, draw) = publication.subject_of(fact), _about(kind, key)
            return Prepare(
                "withhold", _name(who), subject, publication.FEEDS[subject], publication.redaction_version("none"),
                case_id=case, task_id=task, draw_id=draw, document_no="" if number is UNSET else str(number),
                decision=decision,
                ground=ground, reason=reason,
            ), b"", ()  # fmt: skip

        return await self._prepare(authority, record_of(decision), (kind, key), command, who)

    async def release(self, authority: str, record: bytes, preparation: bytes, who: Who) -> Done:
        """A second person lets out what was prepared. Idempotency: the preparation – again it is `conflict`.

        Raises Problem: conflict with `gates` where one is closed, not_found.
        """

        async def attempt(
            loaded: _Loaded, received: int
        ) -> tuple[Command, _Entry | None, Sequence[Condition | Unmoved]]:
            today, pending = day_of(received), loaded.record.pending
            if pending is None or pending.id != preparation:
                return Release(preparation, _name(who)), None, ()
            closed, conditions = await self._still_open(authority, loaded.record, pending, today)
            if pending.proposes == "withhold":
                return Release(preparation, _name(who), closed=closed), None, conditions
            document = await self._document(pending.digest)
            made = publication.on_day(document, today, _months(pending))
            data, listed = _encode(made), set(pending.body.codes)
            closed += await self._only_listed(authority, loaded.record, made, listed, today)
            until = None if made.until is UNSET else made.until
            command = Release(preparation, _name(who), sha256(data).digest(), until=until, closed=closed)
            return command, _Entry(made.outcome, data, secrets.token_bytes(SALT_BYTES)), conditions

        return await self._act(authority, record, attempt, who)

    async def send_back(self, authority: str, record: bytes, preparation: bytes, reason: str, who: Who) -> Done:
        """A second person does not release it and says why. Raises Problem."""

        async def attempt(_: _Loaded, __: int) -> tuple[Command, None, Sequence[Condition]]:
            return SendBack(preparation, _name(who), reason), None, ()

        return await self._act(authority, record, attempt, who)

    async def expire(self, authority: str, record: bytes, who: Who) -> Done:
        """The last day of publication is over: take it from public view. Raises Problem conflict while it is not."""

        async def attempt(_: _Loaded, received: int) -> tuple[Command, _Entry, Sequence[Condition]]:
            stands = await self._standing(record)
            reason = "公示期限届满，停止公示。"
            made = _encode(publication.tombstone(stands, "expired", day_of(received), reason, "expired"))
            return Expire(sha256(made).digest()), _Entry("expired", made, secrets.token_bytes(SALT_BYTES)), ()

        return await self._act(authority, record, attempt, who)

    async def expire_all(self, who: Who) -> int:
        """Expire every record of every authority whose last day is over; returns how many. Again: nothing."""
        done = 0
        for row in await self._pool.fetch(self._queries["records_over"], day_of(self._clock()), AT_ONCE):
            try:
                await self.expire(row["authority"], row["record"].bytes, who)
                done += 1
            except Problem as refusal:
                if refusal.code != "conflict":  # another process, or an officer, was quicker
                    raise
        return done

    # -- how --

    async def _prepare(
        self, authority: str, record: bytes, matter: tuple[str, str] | None, make: Any, who: Who
    ) -> Done:
        async def attempt(loaded: _Loaded, received: int) -> tuple[Command, _Beside, Sequence[Condition | Unmoved]]:
            opened = None
            if matter is not None:
                opened = await disclosure_gate.open_matter(self._pool, self._queries, authority, *matter)
            try:
                command, document, files = await make(loaded.record, opened, day_of(received))
                beside = _Beside(document, files)
            except NothingToPublish as nothing:
                raise refused(
                    "not_found", "卷宗中没有可以公示的这项决定或者结果。", str(nothing)
                ) from None  # fmt: skip
            except NoRule as lacking:
                raise _lacking(lacking.key) from None
            return command, beside, () if opened is None else opened.conditions

        return await self._act(authority, record, attempt, who)

    async def _act(self, authority: str, record: bytes, attempt: Any, who: Who) -> Done:
        for _ in range(MAX_TRIES):
            loaded, received = await self._load(authority, record), self._clock()
            command, beside, conditions = await attempt(loaded, received)
            fact = records.decide(loaded.record, command, day_of(received))
            check_body(fact)
            work = DisclosureWork(
                self._queries["version_of"], authority, loaded.record, loaded.version + 1, fact, beside, who, received,
                conditions,
            )  # fmt: skip
            try:
                placed: Placed = await self._committer.submit(work)
            except Problem as refusal:
                if refusal.code != "conflict":
                    raise
                await asyncio.sleep(FOLLOW_SECONDS)  # somebody was quicker, or the file went on: look at it anew
                continue
            return Done(work.after, work.fact, placed)
        raise refused(
            "overloaded", "卷宗一直有新的记录，请稍后再试。", "the file goes on without a pause: try again in a moment"
        )

    async def _load(self, authority: str, record: bytes) -> _Loaded:
        rows = await self._pool.fetch(self._queries["acts_of"], authority, store.uuid(record), MAX_ACTS)
        return _Loaded(*replayed(rows, Record(record), records.evolve))

    async def _known(self, authority: str, record: bytes) -> _Loaded:
        loaded = await self._load(authority, record)
        if not loaded.version:
            raise refused("not_found", "没有这个编号的公示记录。", "there is no record of this id")
        return loaded

    async def _document(self, digest: bytes) -> Document:
        if not digest:
            raise refused("conflict", "没有可以公示的拟稿。", "nothing was prepared that could be published")
        data = await self._pool.fetchval(self._queries["prepared_document"], digest)
        if data is None or sha256(bytes(data)).digest() != digest:
            raise refused(
                "not_ready", "日志之外保存的文稿缺失或者被改动过：请管理员运行 liuhen verify。",
                "the document beside the log is absent or was changed: run `liuhen verify`",
            )  # fmt: skip
        return documents.read(bytes(data))

    async def _standing(self, record: bytes) -> Document:
        data = await self._pool.fetchval(self._queries["standing_document"], store.uuid(record))
        if data is None:
            raise refused("conflict", "这项记录从未公示。", "nothing of this record was ever public")
        return documents.read(bytes(data))

    async def _propose(
        self, authority: str, opened: Opened, decision: bytes, on: datetime.date, edits: Mapping[str, str] | None
    ) -> Proposal:
        names = {one: await self._name(authority, one) for one in publication.commitments(opened.matter, decision)}
        known = {one: name for one, name in names.items() if name}
        return publication.propose(opened.matter, decision, layouts.load(), on, known, edits)

    async def _ready(
        self, authority: str, opened: Opened, decision: bytes, on: datetime.date, edits: Mapping[str, str], months: int
    ) -> Proposal:
        if any(len(text) > MAX_EDIT or "\0" in text for text in edits.values()):
            raise refused(
                "bad_request",
                f"每项文字最多 {MAX_EDIT} 个字符。",
                f"a text may have {MAX_EDIT} characters",
                limit=MAX_EDIT,
            )
        proposal = await self._propose(authority, opened, decision, on, edits)
        if proposal.missing:
            raise Problem(
                "conflict",
                f"the file does not say {', '.join(proposal.missing)}: complete it first",
                gates=[_missing(proposal)],
            )
        least, most = proposal.months
        if not least <= months <= most:
            raise refused(
                "bad_request", f"公示期限应为 {least} 到 {most} 个月。",
                f"expected {least} to {most} months of publication", limit=most,
            )  # fmt: skip
        return proposal

    async def _still_open(
        self, authority: str, record: Record, pending: Pending, on: datetime.date
    ) -> tuple[tuple[Gate, ...], Sequence[Condition | Unmoved]]:
        """The gates of the decision at the moment of the release; a withdrawal and a withholding have none."""
        if pending.proposes in ("withdraw", "withhold"):
            return (), ()
        opened = await self._open(authority, record)
        closed = disclosure_gate.closed(opened.matter, record.decision)
        if record.subject == "officers":
            standing = await self._document(pending.digest)
            proposal = await self._propose(authority, opened, record.decision, on, None)
            if set(standing.files()) != {sha256(one).hexdigest() for one in proposal.files}:
                closed += (disclosure_gate.OTHER_OFFICERS,)
        return closed, opened.conditions

    async def _only_listed(
        self, authority: str, record: Record, made: Document, listed: set[str], on: datetime.date
    ) -> tuple[Gate, ...]:
        """INV-30 on the very bytes that go out: fields of the list in force today, and those that the act names."""
        if made.tombstone:
            return ()
        opened = await self._open(authority, record)
        wrong = sorted(
            set(publication.codes_of(made)) - (set(publication.allowed(opened.matter, record.feed, on)) & listed)
        )
        if not wrong:
            return ()
        told = "、".join(wrong)
        return (Gate("INV-30", f"字段 {told} 不在允许公示的清单内", f"not in the list of fields: {', '.join(wrong)}"),)

    async def _name(self, authority: str, commitment: bytes) -> str:
        """The name behind a commitment, to be masked at once; "" where it has not arrived."""
        sealed = await self._pool.fetchval(store.load_queries("server.log", "private.sql")["sealed_of"], commitment)
        if sealed is None:
            return ""
        keys = await asyncio.to_thread(self._committer.book.keyring.data_keys, authority)
        try:
            value = private.open_sealed(bytes(sealed), commitment, keys).value
        except SealRefused:
            return ""
        return value if isinstance(value, str) else ""


class DisclosureWork(VersionedActs):
    """One act on a record, with what stands before it and beside the log: all in the transaction of its group."""

    def __init__(
        self, version_of: str, authority: str, record: Record, version: int, fact: Fact,
        beside: _Entry | _Beside | None, who: Who, received: int, conditions: Sequence[Condition | Unmoved],
    ) -> None:  # fmt: skip
        """`beside`: of a release what its entry commits to, of a preparation the document and its files."""
        self._record = record
        self._beside = beside
        self._act = Act(
            type=fact.SPEC.name, about=_tags(authority, fact), body={}, origin=record.id, version=version,
            id=uuid7(),
        )  # fmt: skip
        self.fact: Fact = fact
        self.after = record
        self._unmoved = [one for one in conditions if isinstance(one, Unmoved)]
        self._moved = False
        on_tags = [one for one in conditions if isinstance(one, Condition)]
        super().__init__(version_of, authority, [self._act], who, received, conditions=on_tags)
        self.size = 65_536

    async def read(self, connection: Connection, turn: Turn, group: Group, book: Book) -> None:
        """Under the lock: also whether an aggregate that this rests on went on."""
        await super().read(connection, turn, group, book)
        newest = [await self._newest(connection, turn, book, one.origin) for one in self._unmoved]
        self._moved = any(found != one.version for found, one in zip(newest, self._unmoved, strict=True))

    def decide(self, turn: Turn, group: Group) -> None:
        """Append the act. Raises Problem conflict."""
        here = {origin for _, origin, *_ in turn.keys}
        if self._moved or any(one.origin in here for one in self._unmoved):
            raise refused(
                "conflict", "所公示的内容在此期间有变化，请再核对一次。", "what is published went on meanwhile"
            )
        super().decide(turn, group)

    def ready(self, turn: Turn, group: Group) -> Sequence[Act]:
        """The `disclosure` entry, and the act that cites its position."""
        fact = self.fact
        if isinstance(self._beside, _Entry):
            assert isinstance(fact, PUBLIC)
            entry = entries.disclosure(
                entries.disclosure_hash(self._beside.salt, self._beside.document), self._record.id,
                self._beside.outcome, self._received,
            )  # fmt: skip
            position = turn.append(entry)
            fact = msgspec.structs.replace(fact, position=position)
            digest, revision = sha256(self._beside.document).digest(), self._record.revision + 1
            group.statements.append(("keep_document", (digest, self._beside.document)))
            group.statements.append(
                (
                    "keep_release",
                    (turn.log.log_id, position, store.uuid(self._record.id), revision, digest, self._beside.salt),
                )
            )
        elif isinstance(self._beside, _Beside):
            kept = [("keep_document", self._beside.document)] if self._beside.document else []
            kept += [("keep_file", one) for one in self._beside.files]
            group.statements.extend((name, (sha256(one).digest(), one)) for name, one in kept)
        self.fact = fact
        self.after = records.evolve(self._record, self._act.id, fact)
        group.statements.append(("keep_record", _row(self.authority, self._act.version, self.after, self._received)))
        body = msgspec.to_builtins(fact, builtin_types=(bytes,))
        return [replace(self._act, body=body)]


def record_of(decision: bytes) -> bytes:
    """The id of the record of a decision or result: the same in every process and for ever."""
    return uuid.uuid5(NAMESPACE, decision.hex()).bytes


def matter_of(record: Record, authority: str) -> tuple[str, str]:
    """The case, task or draw of a record; of the list of officers the authority."""
    for kind, identity in (("case", record.case_id), ("task", record.task_id), ("draw", record.draw_id)):
        if identity:
            return kind, uuid_text(identity)
    return "officers", authority


def _about(kind: str, key: str) -> tuple[bytes, bytes, bytes]:
    """Case, task and draw that an act is about, b"" for none; the list of officers is about the authority itself."""
    identity = b"" if kind == "officers" else uuid.UUID(key).bytes
    case, task, draw = (identity if kind == one else b"" for one in ("case", "task", "draw"))
    return case, task, draw


def _prepare(
    proposes: Proposes, who: Who, proposal: Proposal, opened: Opened, document: bytes, *, months: int,
    closed: tuple[Gate, ...], reason: str = "",
) -> Prepare:  # fmt: skip
    made = documents.read(document)
    case, task, draw = _about(opened.matter.kind, opened.matter.key)
    return Prepare(
        proposes=proposes,
        by=_name(who),
        subject=proposal.subject,
        feed=proposal.feed,
        redaction_version=publication.redaction_version(proposal.layout),
        digest=sha256(document).digest(),
        codes=publication.codes_of(made),
        withheld=proposal.withheld,
        case_id=case,
        task_id=task,
        draw_id=draw,
        document_no=proposal.number,
        decision=proposal.decision,
        reason=reason,
        months=months,
        closed=closed,
    )


def _tags(authority: str, fact: Fact) -> list[str]:
    tags = [f"authority:{authority}"]
    for kind, identity in (("case", fact.case_id), ("task", fact.task_id)):
        if identity is not UNSET:
            tags.append(f"{kind}:{uuid_text(identity)}")
    return sorted(tags)


def _row(authority: str, version: int, record: Record, received: int) -> tuple[Any, ...]:
    kind, key = matter_of(record, authority)
    pending = record.pending
    waiting = (None,) * 4 if pending is None else (
        pending.proposes, store.uuid(pending.id), pending.by, pending.digest or None,
    )  # fmt: skip
    return (
        store.uuid(record.id), authority, version, record.status, record.revision, record.subject, kind, key,
        store.uuid(record.decision) if record.decision else None, record.document_no, record.published_on, record.until,
        record.digest or None, *waiting, record.returned, received,
    )  # fmt: skip


def replayed(rows: Sequence[Mapping[str, Any]], begun: S, evolve: Callable[[S, bytes, Any], S]) -> tuple[int, S]:
    """(version, state) of a thing after its acts, rows of `acts_of`; (0, `begun`) where it has none."""
    version = 0
    for row in rows:
        act, body = read_act(bytes(row["entry"]))
        begun, version = evolve(begun, act, body), row["version"]
    return version, begun


def read_act(data: bytes) -> tuple[bytes, Any]:
    """Id and body of an act of the office. Raises Problem not_ready."""
    try:
        entry = entries.decode(data)
        if not isinstance(entry, OfficeEntry):
            raise EntryRefused(f"expected an office entry, got {type(entry).__name__}")
        body: Any = REGISTRY.decode_body(entry.y, entry.b)
        return entry.i, body
    except KeyError as fault:
        raise refused(
            "not_ready", f"记录类型 {fault} 比本服务器新：请管理员升级。",
            f"an act of type {fault} is newer than this server: update it",
        ) from None  # fmt: skip
    except (EntryRefused, InvalidBody) as fault:
        raise refused(
            "not_ready", "有一项记录无法读取：请管理员运行 liuhen verify。",
            f"an act cannot be read ({fault}): run `liuhen verify`",
        ) from None  # fmt: skip


def check_body(fact: Body) -> None:
    """What goes into the log must be of its type: a name or a text may be too long for it. Raises Problem."""
    try:
        REGISTRY.decode_body(fact.SPEC.name, msgspec.to_builtins(fact, builtin_types=(bytes,)))
    except InvalidBody as fault:
        raise refused(
            "bad_request", f"{fault.path}：内容不符合这一字段的要求。", f"{fault.path}: {fault.reason}"
        ) from None  # fmt: skip


def _encode(made: Document) -> bytes:
    try:
        return made.encode()
    except DocumentRefused as fault:
        raise refused("bad_request", "文稿不符合公示文件的要求，例如文字过长：请缩短文字。", str(fault)) from None


def _months(pending: Pending) -> int:
    return 0 if pending.body.months is UNSET else int(pending.body.months)


def _name(who: Who) -> str:
    return who.officer if isinstance(who.officer, str) else ""


def _missing(proposal: Proposal) -> dict[str, str]:
    headers = {one.code: one.header for one in proposal.layout.columns}
    told = "、".join(headers[code] for code in proposal.missing)
    return {
        "rule": "INV-30",
        "zh": f"缺少必须公示的内容：{told}",
        "en": f"not on record, and a record must say it: {told}",
    }


def _lacking(key: str) -> Problem:
    return Problem(
        "conflict",
        f"no rule {key} is in force: publish it first (liuhen import rules)",
        gates=[{
            "rule": "INV-30", "zh": f"尚未发布规则 {key}，请管理员用 liuhen import rules 发布",
            "en": f"the rule {key} is not published yet: have it published with liuhen import rules",
        }],
    )  # fmt: skip
