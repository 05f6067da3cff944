"""Which faces stand on which application: the one place that knows them all."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog
from aiohttp import web

from domain.disclosure_record import Record
from domain.document_series import RETURN_REASONS
from domain.publication import Sheet
from domain.quarterly import Period
from domain.reporting import Kind
from ops.compose import Database, OpenLog
from ops.settings import NO_ROLE, Settings
from projections.process.trail import Trail
from schemas.entries import Who
from schemas.events import Body
from schemas.events.custody import TrailForm
from schemas.events.document_number import DocumentNumberIssued, DocumentNumbersReserved
from schemas.events.plan import RecusalEntered
from schemas.problems import Problem
from server.console.routes import add_routes as console_routes
from server.evidence import routes as evidence_routes
from server.evidence.checking import Checker
from server.evidence.office_files import OfficeFiles, media_type
from server.evidence.store import BlobStore, Bucket
from server.evidence.uploads import Hook, Limits, Uploads, no_hook
from server.evidence.viewing import Viewing
from server.export.exports import Exports
from server.export.kept import Copy, Kept
from server.identity.gate import DatabaseGate
from server.identity.oidc import Provider
from server.identity.person import ROLES, Person
from server.identity.sealing import Sealer
from server.log.arrivals import Arrivals
from server.log.comment_acts import CommentActs
from server.log.committer import Committer
from server.log.desk import Desk, Done, Stand
from server.log.disclosure_acts import DisclosureActs
from server.log.draw_acts import DrawActs, Standing
from server.log.ids import uuid7
from server.log.number_acts import NumberActs
from server.log.past import Past
from server.log.private_values import PrivateValues, Withheld
from server.log.report_acts import ReportActs
from server.log.terminal_acts import TerminalActs
from server.log.trail_acts import TrailActs
from server.public import store as published
from server.public.routes import make_public_app
from server.supervision import routes as supervision
from server.sync import routes as sync_routes
from server.sync.service import Sync
from server.tlog import routes as tlog_routes
from server.web.app import Copy as WebCopy
from server.web.app import Face, Services
from server.webhooks import store as webhooks
from server.webhooks.addresses import Allowed

MIB: Final = 1024 * 1024
PATIENCE_SECONDS: Final = 3.0
"""How long a page waits at most for the projections to show what was just done."""
log = structlog.get_logger("liuhen.serve")


class ConsoleActs:
    """Office acts as the console asks for them: the person becomes the entry's `w`."""

    def __init__(self, acts: TerminalActs, values: PrivateValues, numbers: NumberActs, comments: CommentActs) -> None:
        self._acts = acts
        self._values = values
        self._numbers = numbers
        self._comments = comments

    async def revoke(self, person: Person, terminal: str, reason: str) -> None:
        """`terminal.revoked.v1`."""
        await self._acts.revoke(person.authority, _raw(terminal, 16), reason, who(person))

    async def resolve_fork(self, person: Person, terminal: str, branch: str | None, reason: str) -> None:
        """`terminal.fork_resolved.v1`."""
        chosen = None if branch is None else _raw(branch, 32)
        await self._acts.resolve_fork(person.authority, _raw(terminal, 16), chosen, reason, who(person))

    async def hold(self, person: Person, terminal: str, reason: str) -> None:
        """`terminal.held.v1`."""
        await self._acts.hold(person.authority, _raw(terminal, 16), reason, who(person))

    async def release(self, person: Person, terminal: str, reason: str) -> None:
        """`terminal.released.v1`."""
        await self._acts.release(person.authority, _raw(terminal, 16), reason, who(person))

    async def find_private(self, person: Person, epoch: int, position: int, commitment: bytes) -> Withheld:
        """What a record of the person's authority commits to."""
        return await self._values.find(person.authority, epoch, position, commitment)

    async def reveal_private(
        self, person: Person, epoch: int, position: int, commitment: bytes, reason: str, role: str
    ) -> tuple[Withheld, object]:
        """`private_value.revealed.v1`, and then the value."""
        return await self._values.reveal(person.authority, epoch, position, commitment, reason, role, who(person))

    async def issue_number(self, person: Person, series: str, front: str, case: str, task: str) -> int:
        """`document_number.issued.v1`."""
        done = await self._numbers.issue(
            _own(person, series), front, who(person), case_id=_raw(case, 16) if case else b"",
            task_id=_raw(task, 16) if task else b"", alone=False,
        )  # fmt: skip
        fact = done.fact
        assert isinstance(fact, DocumentNumberIssued)
        return fact.n

    async def reserve_numbers(
        self, person: Person, series: str, front: str, count: int, expires_at: int, terminal: str, holder: str
    ) -> int:
        """`document_number.reserved.v1`."""
        device = _raw(terminal, 16) if terminal else b""
        done = await self._numbers.reserve(
            _own(person, series), count, expires_at, front, who(person), terminal=device, holder=holder
        )
        assert isinstance(done.fact, DocumentNumbersReserved)
        return done.fact.from_n

    async def void_number(self, person: Person, series: str, n: int, reason: str, photos: Sequence[bytes]) -> int:
        """`document_number.voided.v1`; the person who does it is who approves."""
        await self._numbers.void(_own(person, series), n, reason, person.officer_id, photos, who(person))
        return n

    async def return_numbers(self, person: Person, series: str, block: str, from_n: int, reason: str) -> int:
        """`document_number.returned.v1`."""
        if reason not in RETURN_REASONS:
            raise Problem("bad_request", f"expected a reason out of {', '.join(RETURN_REASONS)}")
        given = RETURN_REASONS[RETURN_REASONS.index(reason)]
        await self._numbers.take_back(_own(person, series), _raw(block, 16), from_n, given, who(person))
        return from_n

    async def comment(
        self, person: Person, case: str, comment: str, text: str, anchor: str, place: Mapping[str, bytes | str]
    ) -> tuple[int, int]:
        """`comment.made.v1`."""
        ids = _raw(case, 16), _raw(comment, 16)
        placed = await self._comments.make(person.authority, *ids, text, who(person), anchor=anchor, place=place)
        return placed.log_id, placed.positions[0]

    async def settle_comment(
        self, person: Person, case: str, comment: str, version: int, state: str, reason: str
    ) -> tuple[int, int]:
        """`comment.settled.v1`."""
        ids = _raw(case, 16), _raw(comment, 16)
        placed = await self._comments.settle(person.authority, *ids, version, state, reason, who(person))
        return placed.log_id, placed.positions[0]


class ConsoleDesk:
    """Acts of the office as the console asks for them: of the person's own authority, in the person's name."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def stand(self, person: Person, kind: str, key: str) -> Stand:
        """A matter as the log has it."""
        return await self._desk.stand(person.authority, kind, key)

    async def do(
        self, person: Person, kind: str, key: str, command: Any, *, act: bytes, seen: str | None = None
    ) -> Done:
        """An act."""
        return await self._desk.do(
            person.authority, kind, key, command, who(person), person.roles, act=act, seen=seen, unit=person.unit
        )

    async def weigh(self, person: Person, kind: str, key: str, command: Any) -> Body:
        """What an act would become."""
        return await self._desk.weigh(person.authority, kind, key, command, who(person), person.roles, person.unit)


class ConsoleFiles:
    """Files of the office as the console keeps them: of the person's authority."""

    def __init__(self, files: OfficeFiles) -> None:
        self._files = files

    async def keep(self, person: Person, data: bytes) -> bytes:
        """Keep a file; its SHA-256."""
        return await self._files.keep(person.authority, data, media_type(data))

    async def read(self, digest: bytes) -> bytes | None:
        """A file that is kept."""
        return await self._files.read(digest)


def console_desk(committer: Committer, pool: asyncpg.Pool, numbers: NumberActs) -> ConsoleDesk:
    """The desk on a log that is written here, behind the gates of the rules."""
    return ConsoleDesk(Desk(committer, pool, numbers))


def console_acts(committer: Committer, pool: asyncpg.Pool) -> ConsoleActs:
    """The acts of the console on a log that is written here."""
    return ConsoleActs(
        TerminalActs(committer, pool),
        PrivateValues(committer, pool),
        NumberActs(committer, pool),
        CommentActs(committer, pool),
    )


def who(person: Person) -> Who:
    """The `w` of an office entry that a signed-in officer brings about."""
    return Who(officer=person.officer_id, session=person.session, via=person.via)


def _own(person: Person, series: str) -> str:
    """`<token>/<year>` as the key of a sequence of the person's own authority."""
    return f"{person.authority}/{series}"


def _raw(text: str, length: int) -> bytes:
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        raw = b""
    if len(raw) != length:
        raise Problem("not_found")
    return raw


class ConsoleDisclosures:
    """Publication as the console asks for it: of the person's own authority, in the person's name."""

    def __init__(self, acts: DisclosureActs) -> None:
        self._acts = acts

    async def sheet(
        self, person: Person, kind: str, key: str, decision: str, edits: Mapping[str, str] | None = None
    ) -> Sheet:
        """What could be published of a decision or result."""
        return await self._acts.sheet(person.authority, kind, key, _raw(decision, 16), edits)

    async def sheet_of(self, person: Person, record: str, edits: Mapping[str, str] | None = None) -> Sheet:
        """The same of a record that was prepared once."""
        return await self._acts.sheet_of(person.authority, _raw(record, 16), edits)

    async def prepare(
        self, person: Person, kind: str, key: str, decision: str, edits: Mapping[str, str], months: int
    ) -> Record:
        """`disclosure.prepared.v1`: to be published."""
        event = _raw(decision, 16)
        done = await self._acts.prepare_publication(person.authority, kind, key, event, edits, months, who(person))
        return done.record

    async def withhold(self, person: Person, kind: str, key: str, decision: str, ground: str, reason: str) -> Record:
        """`disclosure.prepared.v1`: not to be published."""
        event = _raw(decision, 16)
        done = await self._acts.prepare_withholding(person.authority, kind, key, event, ground, reason, who(person))
        return done.record

    async def correct(self, person: Person, record: str, edits: Mapping[str, str], months: int, reason: str) -> Record:
        """`disclosure.prepared.v1`: to be corrected."""
        name = _raw(record, 16)
        return (await self._acts.prepare_correction(person.authority, name, edits, months, reason, who(person))).record

    async def withdraw(self, person: Person, record: str, ground: str, reason: str) -> Record:
        """`disclosure.prepared.v1`: to be taken back."""
        done = await self._acts.prepare_withdrawal(person.authority, _raw(record, 16), ground, reason, who(person))
        return done.record

    async def release(self, person: Person, record: str, preparation: str) -> Record:
        """What was prepared takes effect."""
        act = _raw(preparation, 16)
        return (await self._acts.release(person.authority, _raw(record, 16), act, who(person))).record

    async def send_back(self, person: Person, record: str, preparation: str, reason: str) -> Record:
        """`disclosure.returned.v1`."""
        act = _raw(preparation, 16)
        return (await self._acts.send_back(person.authority, _raw(record, 16), act, reason, who(person))).record


def console_disclosures(committer: Committer, pool: asyncpg.Pool) -> ConsoleDisclosures:
    """Publication on a log that is written here."""
    return ConsoleDisclosures(DisclosureActs(committer, pool))


class ConsoleDraws:
    """Random draws as the console asks for them: of the person's own authority, in the person's name."""

    def __init__(self, acts: DrawActs) -> None:
        self._acts = acts

    def new_id(self) -> UUID:
        """An id for a draw that is about to be announced."""
        return UUID(bytes=uuid7())

    async def look(self, authority: str, draw: UUID) -> Standing:
        """A draw as it stands."""
        return await self._acts.look(authority, draw.bytes)

    async def announce(
        self, person: Person, draw: UUID, objects: Sequence[str], officers: Sequence[str], *, count: int, team: int,
        title: str, public_number: str, draws_on: date,
    ) -> None:  # fmt: skip
        """`random_selection.announced.v1`."""
        await self._acts.announce(
            person.authority, draw.bytes, objects, officers, who(person), count=count, team=team, title=title,
            public_number=public_number, draws_on=draws_on,
        )  # fmt: skip

    async def enter(self, person: Person, draw: UUID, public: str, recused: Sequence[RecusalEntered]) -> None:
        """`random_selection.prepared.v1`."""
        await self._acts.enter(person.authority, draw.bytes, public, recused, who(person))

    async def reveal(self, person: Person, draw: UUID, preparation: str) -> None:
        """What was entered and looked at takes effect."""
        await self._acts.reveal(person.authority, draw.bytes, _raw(preparation, 16), who(person))

    async def cancel(self, person: Person, draw: UUID, reason: str) -> None:
        """`random_selection.cancelled.v1`."""
        await self._acts.cancel(person.authority, draw.bytes, reason, who(person))


def console_draws(committer: Committer, pool: asyncpg.Pool) -> ConsoleDraws:
    """Random draws on a log that is written here."""
    return ConsoleDraws(DrawActs(committer, pool))


class ConsoleExports:
    """Copies of case files as the console asks for them: of the person's own authority, in the person's name."""

    def __init__(self, exports: Exports, kept: Kept) -> None:
        self._exports = exports
        self.kept = kept

    async def begin(self, person: Person, case: str, purpose: str) -> Copy:
        """`case_file.exported.v1`, and then it is written."""
        self.kept.room()
        export = await self._exports.begin(person.authority, case, purpose, who(person))
        return self.kept.write(export, person.authority, case, person.name)

    def find(self, person: Person, case: str, name: str) -> Copy:
        """One's own copy."""
        return self.kept.find(name, person.authority, case, person.name)

    def mine(self, person: Person, case: str) -> Sequence[Copy]:
        """One's own copies of a case."""
        return self.kept.mine(person.authority, case, person.name)

    def read(self, copy: WebCopy, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes of a copy."""
        return self.kept.read(copy.id, start, end)

    async def whole(self, copy: WebCopy) -> int:
        """Its size, once it is whole."""
        return await self.kept.whole(copy.id)


def console_exports(
    committer: Committer, pool: asyncpg.Pool, console: asyncpg.Pool, store: BlobStore, reserve: int = 0
) -> ConsoleExports:
    """Copies of case files on a log that is written here; they are kept beside the evidence."""
    return ConsoleExports(Exports(committer, pool, console, store), Kept(store.folder / "copies", reserve=reserve))


class ConsoleWebhooks:
    """Webhooks as the console asks for them: of the person's own authority."""

    def __init__(self, pool: asyncpg.Pool, allowed: Allowed) -> None:
        self._pool = pool
        self._allowed = allowed

    async def targets(self, person: Person) -> Sequence[webhooks.Target]:
        """Targets of the authority."""
        return await webhooks.targets(self._pool, person.authority)

    async def messages(self, person: Person, target: UUID) -> Sequence[webhooks.Message]:
        """The newest messages to a target."""
        return await webhooks.messages(self._pool, person.authority, target)

    async def add(self, person: Person, url: str, label: str, events: Sequence[str]) -> str:
        """Make a target; its secret, once."""
        async with self._pool.acquire() as connection:
            made = await webhooks.add_target(
                connection, person.authority, url, label, events, person.name, self._allowed
            )
        return made[1]

    async def set_state(self, person: Person, target: UUID, state: str) -> None:
        """Pause, go on, remove."""
        await webhooks.set_state(self._pool, person.authority, target, state)

    async def test(self, person: Person, target: UUID) -> None:
        """Queue a test event."""
        await webhooks.test(self._pool, person.authority, target)

    async def send_again(self, person: Person, target: UUID) -> int:
        """Queue again what died."""
        return await webhooks.send_again(self._pool, person.authority, target=target)


class ConsoleReports:
    """Periodic reports in the name of a signed-in officer (server.web.app.Reports)."""

    def __init__(self, acts: ReportActs) -> None:
        self._acts = acts

    async def submit(
        self, person: Person, report: bytes, kind: Kind, span: Period, told: Mapping[str, int], explanation: str,
        reviewer: str, to: str,
    ) -> None:  # fmt: skip
        """`periodic_report.submitted.v1`."""
        await self._acts.submit(
            person.authority, report, kind, span, told, who(person), explanation=explanation, reviewer=reviewer, to=to
        )


class ConsoleTrails:
    """That a trail of acts was looked at by a signed-in person (server.web.app.TrailReads)."""

    def __init__(self, acts: TrailActs) -> None:
        self._acts = acts

    async def read(self, person: Person, trail: Trail, period: str, form: TrailForm) -> None:
        """`trail.read.v1`."""
        role = next((name for name in ROLES if name in person.roles), "")
        await self._acts.read(person.authority, trail, period, form, who(person), role=role)


def make_services(
    settings: Settings, opened: OpenLog, console: asyncpg.Pool, store: BlobStore, viewing: Viewing | None = None
) -> Services:
    """What the handlers of the internal application share."""
    origin = settings.origin
    settings.require("keys")
    assert settings.keys is not None
    sealer = Sealer.load_or_create(settings.keys)
    provider = None
    if settings.oidc_issuer is not None:
        settings.require("oidc_client", "oidc_secret")
        provider = Provider(
            settings.oidc_issuer.rstrip("/"), settings.oidc_client or "", settings.oidc_secret or "", sealer
        )
    gate = DatabaseGate(
        console,
        provider=provider,
        secure=origin is not None and origin.startswith("https://"),
        sealer=sealer,
        required=frozenset() if settings.second_factor == NO_ROLE else frozenset(settings.second_factor.split()),
    )
    acts = console_acts(opened.committer, opened.pool)
    reserve = int(settings.reserve_mib) * MIB
    exports = console_exports(opened.committer, opened.pool, console, store, reserve)
    desk = console_desk(opened.committer, opened.pool, NumberActs(opened.committer, opened.pool))
    return Services(
        console=console,
        gate=gate,
        acts=acts,
        exports=exports,
        disclosures=console_disclosures(opened.committer, opened.pool),
        draws=console_draws(opened.committer, opened.pool),
        origin=origin,
        desk=desk,
        files=ConsoleFiles(OfficeFiles(store, opened.pool)),
        webhooks=ConsoleWebhooks(opened.pool, Allowed.parse(settings.webhook_networks)),
        viewing=viewing,
        past=Past(opened.pool),
        trails=ConsoleTrails(TrailActs(opened.committer)),
        reports=ConsoleReports(ReportActs(opened.committer, opened.pool)),
        patience=PATIENCE_SECONDS,
    )


def make_viewing(
    settings: Settings, opened: OpenLog, console: asyncpg.Pool, store: BlobStore, place: str
) -> Viewing | None:
    """Leave to view evidence, served at `place` (host:port); None where no browser would know how to reach it."""
    reachable = not place.startswith(("0.0.0.0:", "[::]:"))
    if settings.viewer_origin is None and (settings.origin is not None or not reachable):
        log.warning("evidence_not_shown", setting="viewer_origin")
        return None
    checker = Checker(store, opened.committer, opened.pool)
    address = settings.viewer_origin or f"http://{place}"
    return Viewing(opened.committer, opened.pool, console, checker, address)


def make_store(settings: Settings) -> BlobStore:
    """The store of evidence. Raises SettingsError, StoreUnfit."""
    settings.require("evidence")
    assert settings.evidence is not None
    bucket = None
    if settings.evidence_url is not None:
        bucket = Bucket(
            settings.evidence_url, settings.evidence_endpoint or "", settings.evidence_region or "",
            settings.evidence_key_id or "", settings.evidence_key or "",
        )  # fmt: skip
    return BlobStore(settings.evidence, bucket)


def make_uploads(settings: Settings, opened: OpenLog, hook: Hook | None = None) -> Uploads:
    """The store of evidence and its uploads. Raises SettingsError, StoreUnfit."""
    store = make_store(settings)
    limits = Limits(
        file=int(settings.largest_file_mib) * MIB,
        terminal_a_day=int(settings.terminal_mib_a_day) * MIB,
        authority_a_day=int(settings.authority_mib_a_day) * MIB,
        reserve=int(settings.reserve_mib) * MIB,
    )
    arrivals = Arrivals(opened.committer, opened.pool)
    return Uploads(store, opened.pool, arrivals, limits, hook=hook or no_hook)


def internal_faces(opened: OpenLog, sync: Sync, uploads: Uploads) -> list[Face]:
    """Terminals, evidence, log, console."""
    evidence = evidence_routes.Evidence(uploads, sync.signed)
    tlog = tlog_routes.Tlog(opened.committer, opened.pool, sync.signed)
    return [
        partial(sync_routes.add_routes, sync=sync),
        partial(evidence_routes.add_routes, evidence=evidence),
        partial(tlog_routes.add_routes, tlog=tlog),
        *office_faces(),
    ]


def office_faces() -> list[Face]:
    """The officers' pages: the console, and the supervisors' pages in its frame."""
    return [partial(console_routes, folders=(supervision.TEMPLATES,)), supervision.add_routes]


@contextlib.asynccontextmanager
async def public_app(settings: Settings, database: Database) -> AsyncIterator[web.Application]:
    """The public application: the published folder and the published tables, and nothing that could reach the log.

    Raises SettingsError, SeesTooMuch.
    """
    folder = settings.published or Path("/nonexistent")
    if settings.public_dsn is None and not database.embedded:
        log.warning("records_not_served", setting="public_dsn")
        yield make_public_app(folder, **_public_options(settings))
        return
    pool = await published.connect(settings.public_dsn or database.dsn("liuhen_public"))
    try:
        yield make_public_app(folder, pool, **_public_options(settings))
    finally:
        await pool.close()


def _public_options(settings: Settings) -> dict[str, Any]:
    return {
        "origin": settings.public_origin,
        "contact": settings.public_contact or "",
        "per_minute": int(settings.public_per_minute),
    }
