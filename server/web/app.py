"""The internal application's frame: one error boundary, one place for policies, one set of security headers.

    boundary    every refusal and every failure becomes an answer here; access log without personal data
    authorise   the route's policy: deny by default, role on every request, forms with origin and token
    protect     security headers on every answer (a signal, so that redirects and errors have them too)

The faces register their routes through `add_routes(app)` functions (server.web.routes); the frame does not know them.
Invariant: no handler runs for a request whose route has no policy or whose policy is not met.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Protocol, assert_never
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from domain.disclosure_record import Record
from domain.matter import Matter
from domain.publication import Sheet
from domain.quarterly import Period
from domain.reporting import Kind
from projections.process.off_system import OffSystem
from projections.process.reports import Report
from projections.process.submissions import Handed, Reconciled
from projections.process.trail import Looked, Of, Trail
from schemas.events import Body
from schemas.events.custody import TrailForm
from schemas.events.plan import RecusalEntered
from schemas.problems import Problem
from server.identity.person import Person
from server.web import problems, routes
from server.web.body import Uploaded, read_form, read_upload
from server.web.routes import Everybody, Handler, Officers, Route, SignedByTerminal

log = structlog.get_logger("liuhen.web")

AWAY: Final = (
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.OperatorInterventionError,
    ConnectionRefusedError,
    FileNotFoundError,  # the database's socket
    TimeoutError,
)
"""What a handler meets when the database is away: no failure of ours, and worth asking again."""
KEEPALIVE_SECONDS: Final = 8.0
"""Also the deadline for the headers of every request: aiohttp closes a connection whose next request is not there."""
LINGER_SECONDS: Final = 2.0
MAX_HEADERS: Final = 64
PERSON: Final = web.RequestKey("person", Person)
FORM: Final = web.RequestKey("form", dict[str, str])
FILES: Final = web.RequestKey("files", dict[str, Uploaded])

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under that a browser sends `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

ErrorPage = Callable[[web.Request, Problem], Awaitable[web.Response]]
ConfirmPage = Callable[[web.Request, str], web.Response]
Face = Callable[[web.Application], None]


class Gate(Protocol):
    """Recognises people. Implemented by server.identity.gate."""

    async def identify(self, request: web.Request) -> Person | None:
        """Return who asks, None without credentials. Raises Problem unauthorized for a token that is not valid."""

    def check_form(self, request: web.Request, person: Person | None, form: dict[str, str]) -> None:
        """Raise Problem forbidden unless the form carries the token that this browser was given."""

    async def prove(self, request: web.Request, person: Person, password: str) -> bool:
        """Whether whoever sits at an open session is still its officer: by a code where sign-in asks for one, else
        by the password. Raises Problem quota_exceeded, overloaded.
        """

    async def end(self, request: web.Request) -> None:
        """End the session that this browser has, if any."""

    def remember(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser the session that `sign_in` opened."""

    def forget(self, response: web.StreamResponse) -> None:
        """Take the session's cookie away."""

    def form_secret(self, request: web.Request) -> str:
        """What ties forms to a browser that is not signed in: what it has, or a new value."""

    def form_token(self, secret: str) -> str:
        """The token that a form has to carry beside that secret."""

    def remember_form(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser that secret."""


class Withheld(Protocol):
    """A personal value as a record commits to it: of which type, under which field, and whether it is here."""

    @property
    def type(self) -> str:
        """Type of the record."""

    @property
    def about(self) -> tuple[str, ...]:
        """Tags of the record."""

    @property
    def path(self) -> tuple[str, ...]:
        """The field, "*" for an element of an array."""

    @property
    def arrived(self) -> bool:
        """Whether a sealed value that opens is here."""


class Acts(Protocol):
    """Office acts of the console, written to the log. Those on terminals raise Problem conflict when another officer
    was quicker.
    """

    async def revoke(self, person: Person, terminal: str, reason: str) -> None:
        """`terminal.revoked.v1`: the terminal's service ends; what it declared by now may still come in."""

    async def resolve_fork(self, person: Person, terminal: str, branch: str | None, reason: str) -> None:
        """`terminal.fork_resolved.v1`: `branch` (64 hexadecimal digits) goes on, None keeps the chain stored first."""

    async def hold(self, person: Person, terminal: str, reason: str) -> None:
        """`terminal.held.v1`: what the terminal hands in is noted until it is released."""

    async def release(self, person: Person, terminal: str, reason: str) -> None:
        """`terminal.released.v1`: the terminal is no longer held."""

    async def find_private(self, person: Person, epoch: int, position: int, commitment: bytes) -> Withheld:
        """What a record commits to; nothing is opened. Raises Problem not_found."""

    async def reveal_private(
        self, person: Person, epoch: int, position: int, commitment: bytes, reason: str, role: str
    ) -> tuple[Withheld, object]:
        """`private_value.revealed.v1`, and then the value. Raises Problem not_found, bad_request, conflict."""

    async def issue_number(self, person: Person, series: str, front: str, case: str, task: str) -> int:
        """`document_number.issued.v1`: the next number of a sequence, for a case or a task (id or "")."""

    async def reserve_numbers(
        self, person: Person, series: str, front: str, count: int, expires_at: int, terminal: str, holder: str
    ) -> int:
        """`document_number.reserved.v1`: a block for a terminal or a book of forms; gives its first number."""

    async def void_number(self, person: Person, series: str, n: int, reason: str, photos: Sequence[bytes]) -> int:
        """`document_number.voided.v1`, approved by the person. Raises Problem conflict, not_found, bad_request."""

    async def return_numbers(self, person: Person, series: str, block: str, from_n: int, reason: str) -> int:
        """`document_number.returned.v1`: the rest of a block from a number on. Raises Problem as above."""

    async def comment(
        self, person: Person, case: str, comment: str, text: str, anchor: str, place: Mapping[str, bytes | str]
    ) -> tuple[int, int]:
        """`comment.made.v1` on a case; `place` names what it is anchored to. Gives (log_id, position) of the act.

        Raises Problem bad_request, conflict.
        """

    async def settle_comment(
        self, person: Person, case: str, comment: str, version: int, state: str, reason: str
    ) -> tuple[int, int]:
        """`comment.settled.v1`: `state` resolved or reopened. Raises Problem bad_request, not_found, conflict."""


class Standing(Protocol):
    """A matter as the log has it at this moment."""

    @property
    def matter(self) -> Matter:
        """All its facts, with the rules that bind it."""

    @property
    def stamp(self) -> str:
        """The version that forms carry and that answers have as their ETag."""


class Done(Protocol):
    """An act that stands in the log."""

    @property
    def id(self) -> bytes:
        """Its id, 16 bytes."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def body(self) -> Body:
        """What it says."""

    @property
    def epoch(self) -> int:
        """Where it stands: the epoch of the authority's log …"""

    @property
    def position(self) -> int:
        """… and the entry in it."""

    @property
    def again(self) -> bool:
        """Whether it stood there before it was asked for: the same form came twice."""


class Desk(Protocol):
    """Acts of the office on cases, hazards, inspections, officers and signals. Implemented by server.log.desk."""

    async def stand(self, person: Person, kind: str, key: str) -> Standing:
        """A matter of the person's authority. Raises Problem not_found, not_ready."""

    async def do(
        self, person: Person, kind: str, key: str, command: Any, *, act: bytes, seen: str | None = None
    ) -> Done:
        """Do an act, once for each id `act`. Raises Problem gate_closed, precondition_failed, conflict, forbidden,
        bad_request, not_found, not_ready.
        """

    async def weigh(self, person: Person, kind: str, key: str, command: Any) -> Body:
        """What an act would become if it were done now; nothing is recorded. Raises Problem as `do` does."""


class Past(Protocol):
    """What stood at an earlier cut of the log. Implemented by server.log.past."""

    async def off_system(self, authorities: Sequence[str], period: Period, name: str = "") -> OffSystem:
        """The report on enforcement off the system, of now or by the name of an earlier one.

        Raises projections.process.figures.NoCut, projections.process.past.TooFarBack, ValueError for an odd name.
        """

    async def submissions(self, authorities: Sequence[str], span: Period) -> Handed:
        """What was handed in for a period, and by when it is due."""

    async def submission(self, authorities: Sequence[str], report: str) -> Reconciled | None:
        """One report that was handed in (its id, hex), beside what the system has now."""

    async def statistics(self, report: Report) -> Report:
        """The statistics of a year: a counted table with what was handed in before its cut."""

    async def trail(self, authorities: Sequence[str], of: Of, name: str, span: Period) -> Trail | None:
        """The acts of an officer or about an enterprise within a period, None where nothing is known of it."""

    async def looked(self, authorities: Sequence[str], of: Of, name: str) -> tuple[Sequence[Looked], bool]:
        """Who looked at that trail, the newest first, and whether that is all of it."""


class TrailReads(Protocol):
    """That a trail of acts was looked at, on record. Implemented in ops."""

    async def read(self, person: Person, trail: Trail, period: str, form: TrailForm) -> None:
        """`trail.read.v1`, before anything of it is shown. Raises Problem."""


class Reports(Protocol):
    """Periodic reports as officers hand them in, on the person's own authority. Implemented in ops."""

    async def submit(
        self, person: Person, report: bytes, kind: Kind, span: Period, told: Mapping[str, int], explanation: str,
        reviewer: str, to: str,
    ) -> None:  # fmt: skip
        """Hand a report in, once for each id `report`: `told` differ from the system. Raises Problem bad_request,
        conflict.
        """


class Disclosures(Protocol):
    """Publication as the console asks for it, on the person's own authority. Implemented in ops.

    All raise Problem: not_found, bad_request, conflict (with `gates` that say what is closed), overloaded.
    """

    async def sheet(
        self, person: Person, kind: str, key: str, decision: str, edits: Mapping[str, str] | None = None
    ) -> Sheet:
        """What could be published of a decision or result, side by side with what is withheld."""

    async def sheet_of(self, person: Person, record: str, edits: Mapping[str, str] | None = None) -> Sheet:
        """The same of a record that was prepared once."""

    async def prepare(
        self, person: Person, kind: str, key: str, decision: str, edits: Mapping[str, str], months: int
    ) -> Record:
        """`disclosure.prepared.v1`: to be published."""

    async def withhold(self, person: Person, kind: str, key: str, decision: str, ground: str, reason: str) -> Record:
        """`disclosure.prepared.v1`: not to be published."""

    async def correct(self, person: Person, record: str, edits: Mapping[str, str], months: int, reason: str) -> Record:
        """`disclosure.prepared.v1`: to be corrected."""

    async def withdraw(self, person: Person, record: str, ground: str, reason: str) -> Record:
        """`disclosure.prepared.v1`: to be taken back."""

    async def release(self, person: Person, record: str, preparation: str) -> Record:
        """What was prepared takes effect: the person is the second one."""

    async def send_back(self, person: Person, record: str, preparation: str, reason: str) -> Record:
        """`disclosure.returned.v1`."""


class Draws(Protocol):
    """Random draws as the console asks for them, on the person's own authority. Implemented in ops.

    All acts raise Problem: not_found, bad_request, conflict (with `gates` that say what is closed), not_ready.
    """

    def new_id(self) -> UUID:
        """An id for a draw that a form is about to announce."""

    async def look(self, authority: str, draw: UUID) -> Any:
        """A draw as it stands: selection, pools, is_public, and what comes of the number that was entered."""

    async def announce(
        self, person: Person, draw: UUID, objects: Sequence[str], officers: Sequence[str], *, count: int, team: int,
        title: str, public_number: str, draws_on: date,
    ) -> None:  # fmt: skip
        """`random_selection.announced.v1`."""

    async def enter(self, person: Person, draw: UUID, public: str, recused: Sequence[RecusalEntered]) -> None:
        """`random_selection.prepared.v1`."""

    async def reveal(self, person: Person, draw: UUID, preparation: str) -> None:
        """`random_selection.drawn.v1` and `random_selection.revealed.v1`: the person is the second one."""

    async def cancel(self, person: Person, draw: UUID, reason: str) -> None:
        """`random_selection.cancelled.v1`."""


class Granted(Protocol):
    """Leave to view some files of evidence, just given."""

    @property
    def purpose(self) -> str:
        """What they are viewed for."""

    @property
    def expires_at(self) -> int:
        """When it ends, ms."""

    def address(self, sha256_hex: str) -> str:
        """Where a file can be fetched, "" where it is not among them or is damaged."""


class Viewing(Protocol):
    """Leave to view evidence, and the origin that serves it. Implemented by server.evidence.viewing."""

    @property
    def address(self) -> str:
        """Scheme, host and port of that origin."""

    async def link(self, person: Person, purpose: str, tags: Sequence[str], digests: Sequence[bytes]) -> str:
        """A link for this session, good once. Raises Problem bad_request, not_found."""

    async def open(self, person: Person, token: str) -> Granted:
        """Use a link up, behind the act `evidence.read.v1`. Raises Problem forbidden."""


class Copy(Protocol):
    """A copy of a case file that is on record, and kept for a day. `size`: bytes that are there; `share`: percent of
    the evidence that is written, None where nobody knows.
    """

    @property
    def id(self) -> str:
        """Its name in addresses."""

    @property
    def name(self) -> str:
        """What the zip is called."""

    @property
    def begun(self) -> int:
        """When it was asked for, ms."""

    @property
    def whole(self) -> bool:
        """Whether all of it is there."""

    @property
    def size(self) -> int:
        """Bytes that are there."""

    @property
    def share(self) -> int | None:
        """Percent."""


class Exports(Protocol):
    """Copies of case files, each person's own. Implemented by composition on server.export."""

    async def begin(self, person: Person, case: str, purpose: str) -> Copy:
        """`case_file.exported.v1`; it is written from then on, whoever listens.

        Raises Problem not_found, bad_request, too_large, not_ready, overloaded, storage_low.
        """

    def find(self, person: Person, case: str, name: str) -> Copy:
        """One's own copy. Raises Problem not_found."""

    def mine(self, person: Person, case: str) -> Sequence[Copy]:
        """One's own copies of a case that are kept, the newest first."""

    def read(self, copy: Copy, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Its bytes start..end (exclusive), also while it is written. Raises ConnectionError where it breaks off."""

    async def whole(self, copy: Copy) -> int:
        """Wait until all of it is there; its size. Raises ConnectionError where it breaks off."""


class OfficeFiles(Protocol):
    """Files that acts of the office cite by their digest: tables that were imported. Implemented by server.evidence."""

    async def keep(self, person: Person, data: bytes) -> bytes:
        """Keep a file; its SHA-256. Repeating it changes nothing. Raises Problem storage_low, too_large."""

    async def read(self, digest: bytes) -> bytes | None:
        """A file that is kept, None where there is none."""


class Webhooks(Protocol):
    """Where events of the person's authority are sent. Implemented by composition on server.webhooks."""

    async def targets(self, person: Person) -> Sequence[Any]:
        """What there is, with how many messages wait and died."""

    async def messages(self, person: Person, target: UUID) -> Sequence[Any]:
        """The newest messages to a target."""

    async def add(self, person: Person, url: str, label: str, events: Sequence[str]) -> str:
        """Make a target; the secret, shown this once. Raises Problem bad_request."""

    async def set_state(self, person: Person, target: UUID, state: str) -> None:
        """Pause ("paused"), go on ("active"), remove ("gone"). Raises Problem not_found."""

    async def test(self, person: Person, target: UUID) -> None:
        """Queue a test event for a target. Raises Problem not_found."""

    async def send_again(self, person: Person, target: UUID) -> int:
        """Queue the dead messages of a target again; how many."""


class Ledgers(Protocol):
    """Books that others keep, taken over into the log of the person's authority. Implemented by composition."""

    async def import_ledger(
        self, person: Person, content: bytes, name: str, asked: Mapping[str, str], *, dry_run: bool, skip_faulty: bool
    ) -> Any:
        """What a file would do, or did: rows, counts, faults, recorded. `asked`: kind, source, mapping, columns, unit.

        Raises Problem bad_request, not_found, conflict.
        """

    async def save_mapping(self, person: Person, kind: str, name: str, columns: str) -> Any:
        """A mapping of columns, or its next version. Raises Problem bad_request."""

    async def decide(
        self, person: Person, kind: str, month: str, key: str, event: bytes, outcome: str, reason: str
    ) -> None:
        """Say whether a row and an act are one thing: `confirmed` or `refused`. Raises Problem."""


class Keeping(Protocol):
    """What administrators do that needs the log or the keys. Implemented by composition."""

    async def issue_code(self, person: Person) -> Mapping[str, str]:
        """{code, host, log, recovery}: enrols one terminal of the person's authority. Raises Problem conflict."""

    async def rules(self, person: Person) -> Sequence[Any]:
        """What is in force: lines with key, value, since, until, source, authority, version, verified."""

    async def publish_rules(self, person: Person, content: bytes, *, dry_run: bool) -> Any:
        """`rule_set.published.v1` for what is new in a file of rules: faults, counts, recorded."""


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers need. Frozen: composition makes it once, in `ops`."""

    console: asyncpg.Pool
    """Connections of the role liuhen_console: projections and identity, under row-level security."""
    gate: Gate
    acts: Acts | None
    """None where no log is written (a reading replica): the pages then say that the act is not possible here."""
    exports: Exports | None = None
    """None where no log is written, or no evidence is kept."""
    patience: float = 0.0
    """Seconds that a page waits after an act for the projections to show it; 0 where nobody keeps them."""
    origin: str | None = None
    """Scheme and host as browsers see them (https://…) when a proxy stands in front; None: as the request says."""
    hosts: frozenset[str] = frozenset()
    """Values of Host that are answered; empty: any. Set it wherever names resolve that are not ours."""
    desk: Desk | None = None
    """None where no log is written: pages then offer no act."""
    disclosures: Disclosures | None = None
    """None where no log is written."""
    draws: Draws | None = None
    """None where no log is written."""
    webhooks: Webhooks | None = None
    reports: Reports | None = None
    """None where no log is written."""
    trails: TrailReads | None = None
    """None where no log is written: no trail is shown there."""
    past: Past | None = None
    """None where no log is written."""
    keeping: Keeping | None = None
    """None where no log is written."""
    files: OfficeFiles | None = None
    """None where no log is written, or no evidence is kept."""
    ledgers: Ledgers | None = None
    """None where no log is written, or no evidence is kept."""
    viewing: Viewing | None = None
    """None where evidence cannot be viewed: no log is written here, or no origin for evidence is set."""


SERVICES: Final = web.AppKey("services", Services)
ERROR_PAGE: Final[web.AppKey[ErrorPage]] = web.AppKey("error_page")
CONFIRM_PAGE: Final[web.AppKey[ConfirmPage]] = web.AppKey("confirm_page")
"""Asks for the password or a code before a grave act, with all that the form under `request[FORM]` holds. The text says
what was wrong with an answer: "" (none was given yet), "wrong", or the code of a refusal."""
UNFINISHED: Final = "your role needs a second factor: set it up first, on the page of your account"
PROOF_FIELD: Final = "proof_of_officer"
"""The answer to that page, beside the fields of the form itself."""


def make_internal_app(services: Services, *faces: Face) -> web.Application:
    """The internal application with the routes of `faces` (server.console.add_routes, server.sync.add_routes, …)."""
    app = web.Application(middlewares=[_boundary, _authorise])
    app[SERVICES] = services
    app[routes.ROUTES] = {}
    for face in faces:
        face(app)
    app.on_response_prepare.append(_protect)
    return app


class _BrokenHttp(logging.Filter):
    """aiohttp's own lines about HTTP that it cannot read quote what came; the log says only that it came."""

    def filter(self, record: logging.LogRecord) -> bool:
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, HttpProcessingError):
            log.info("broken_http", error=type(fault).__name__)
        elif record.levelno >= logging.WARNING:
            log.error("http_failed", error=type(fault).__name__)
        return False


def make_runner(app: web.Application) -> web.AppRunner:
    """The runner with the deadlines and limits that the faces rely on."""
    quiet = logging.Logger("liuhen.http")  # noqa: LOG001 - of this runner alone: getLogger would give every test the same one
    quiet.addFilter(_BrokenHttp())
    return web.AppRunner(
        app,
        logger=quiet,
        auto_decompress=False,
        keepalive_timeout=KEEPALIVE_SECONDS,
        lingering_time=LINGER_SECONDS,
        max_headers=MAX_HEADERS,
        access_log=None,
        handler_cancellation=False,
    )


def is_secure(request: web.Request) -> bool:
    """Whether the browser speaks https with us, perhaps through a proxy."""
    origin = request.app[SERVICES].origin
    return request.secure if origin is None else origin.startswith("https://")


def person_of(request: web.Request) -> Person:
    """Who asks, on a route under an Officers policy."""
    return request[PERSON]


@web.middleware
async def _boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    started = time.perf_counter()
    status = 499  # the client has gone
    try:
        response: web.StreamResponse = await _answered(request, handler)
        status = response.status
        return response
    finally:
        # Uploads that went well are counted elsewhere: a line for each would cost more than admitting the batch.
        if status >= 400 or not request.path.startswith("/sync/"):
            route = request.match_info.route.resource
            log.info(
                "request",
                method=request.method if request.method in _METHODS else "other",
                route=route.canonical if route is not None else "none",
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as refusal:
        problem = refusal
    except web.HTTPException as fault:
        if fault.status < 400:
            raise
        problem = problems.from_http(fault)
    except AWAY as fault:
        log.warning("database_away", error=type(fault).__qualname__)
        problem = Problem("overloaded", "the database cannot be reached")
    except ConnectionError:
        return _nobody()
    except Exception as fault:  # noqa: BLE001 - the boundary: whatever it is, it ends here with a number
        problem = _incident(fault)
    page = request.app.get(ERROR_PAGE)
    if page is not None and _wants_page(request):
        try:
            return await page(request, problem)
        except ConnectionError:
            return _nobody()
        except Exception as fault:  # noqa: BLE001 - a page that cannot be drawn must not hide the refusal
            problem = _incident(fault)
    return problems.answer(request, problem)


def _nobody() -> web.Response:
    """The client has gone: an answer for the form's sake, which ends the connection. Raising would log a trace."""
    response = web.Response(status=400)
    response.force_close()
    return response


def _incident(fault: Exception) -> Problem:
    """Log a failure of ours under a number: its class and where in our code, never its text, which may hold data."""
    number = secrets.token_hex(6)
    places = []
    trace = fault.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{'/'.join(code.co_filename.rsplit('/', 2)[-2:])}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    log.error("incident", incident=number, error=type(fault).__qualname__, trace=places[-8:])
    return Problem("internal", incident=number)


def _wants_page(request: web.Request) -> bool:
    route = routes.find(request)
    if route is not None:
        return route.kind == "page"
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")


@web.middleware
async def _authorise(request: web.Request, handler: Handler) -> web.StreamResponse:
    services = request.app[SERVICES]
    if services.hosts and request.host not in services.hosts:
        raise Problem("bad_request", "this server is not known under the Host that the request names")
    fault = request.match_info.http_exception
    if fault is not None:
        raise fault
    route = routes.find(request)
    if route is None:
        raise Problem("forbidden", "no policy is declared for this address")
    match route.policy:
        case Everybody() | SignedByTerminal():
            if route.form:
                await _take_form(request, route, None)
        case Officers(roles):
            person = await services.gate.identify(request)
            if person is None:
                raise Problem("unauthorized")
            request[PERSON] = person
            if not person.may(roles):
                raise Problem("forbidden")
            if person.unfinished and not route.unfinished:
                raise Problem("forbidden", UNFINISHED)
            await _check_change(request, route, person)
            if route.step_up:
                asked = await _step_up(request, person)
                if asked is not None:
                    return asked
        case _:
            assert_never(route.policy)
    return await handler(request)


async def _check_change(request: web.Request, route: Route, person: Person) -> None:
    if request.method in routes.SAFE_METHODS:
        return
    if route.form:
        await _take_form(request, route, person)
    elif person.via == "session":
        raise Problem("forbidden", "expected an access token: sessions of a browser change things through forms only")


async def _step_up(request: web.Request, person: Person) -> web.Response | None:
    """Ask for the password or a code where none was given just now; None where the act may go on. Raises Problem."""
    if person.via != "session":
        raise Problem("forbidden", "expected an officer who is signed in: a token cannot give a password for this act")
    given = request[FORM].pop(PROOF_FIELD, None)
    if given is None:
        if person.fresh:
            return None
        return request.app[CONFIRM_PAGE](request, "")
    try:
        right = await request.app[SERVICES].gate.prove(request, person, given)
    except Problem as refusal:
        if refusal.code not in ("quota_exceeded", "overloaded"):
            raise
        return request.app[CONFIRM_PAGE](request, refusal.code)
    if not right:
        return request.app[CONFIRM_PAGE](request, "wrong")
    request[PERSON] = replace(person, fresh=True)
    return None


async def _take_form(request: web.Request, route: Route, person: Person | None) -> None:
    files: dict[str, Uploaded] = {}
    if route.upload and request.content_type == "multipart/form-data":
        form, files = await read_upload(request, route.upload)
    else:
        form = dict(await read_form(request))
    if person is None or person.via == "session":
        _check_origin(request)
        request.app[SERVICES].gate.check_form(request, person, form)
    request[FORM] = form
    request[FILES] = files


def _check_origin(request: web.Request) -> None:
    """Refuse a form that another site made the browser send. Raises Problem forbidden."""
    came = request.headers.get("Origin")
    if came is None:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Problem("forbidden", "the form came from another site")
        return
    expected = request.app[SERVICES].origin
    same = came == expected if expected is not None else urlsplit(came).netloc == request.host
    if not same:
        raise Problem("forbidden", "the form came from another site")


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    viewing = request.app[SERVICES].viewing
    if viewing is not None:
        response.headers.setdefault("Content-Security-Policy", _with_evidence(viewing.address))
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if is_secure(request):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.popall("Server", None)


def _with_evidence(address: str) -> str:
    """Pictures, video and audio come from the evidence origin as well; nothing else does."""
    shown = CONTENT_SECURITY_POLICY.replace("img-src 'self'", f"img-src 'self' {address}")
    return f"{shown}; media-src {address}"
