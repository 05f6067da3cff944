"""The conversation with the server: enrol, synchronize, ask for the head (wire protocol, sections 3, 6 and 7).

Clocks, randomness and waiting come from outside, so that a thousand terminals can be played in one process. Invariant:
nothing is deleted, given up or believed but for a receipt that `receipts.check` accepted; a refusal, which nobody
signs, changes only what is offered next and when.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from ops.terminal import batches, desk, receipts, trust
from ops.terminal.batches import Limits, Parcel
from ops.terminal.keys import TerminalKeys
from ops.terminal.queue_file import Queue, QueueRefused, RecordRefused, Tick
from ops.terminal.transport import Answer, NoAnswer, Transport, authority_of
from ops.terminal.trust import Distrusted, Paper
from schemas import canonical, enrolment, httpsig
from schemas.envelope import MAX_ENVELOPE
from schemas.problems import PROBLEMS

MSGPACK: Final = "application/msgpack"
MAX_PROBLEM: Final = 65_536
MAX_ROUNDS: Final = 100_000
NO_ANSWER: Final = "no_answer"
DISTRUSTED: Final = "distrusted"
DELETED: Final = "deleted"
STUCK: Final = "stuck"


class Refused(Exception):
    """The server refused: `code`, `retry` and `detail` of the problem, and the `fields` of the code."""

    def __init__(self, code: str, retry: str, detail: str, fields: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.retry = retry
        self.detail = detail
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to wait: at most `tries` attempts without success, `first` s doubling up to `cap` s."""

    tries: int = 6
    first: float = 0.5
    cap: float = 60.0

    def pause(self, failures: int, asked: float, jitter: float) -> float:
        """Seconds to wait after `failures` (1 ..) in a row; `asked` by the server; `jitter` is 0 .. 1."""
        wait = min(self.cap, self.first * 2.0 ** (failures - 1)) * (0.5 + jitter / 2)
        return max(wait, min(asked, self.cap))


@dataclass(frozen=True, slots=True)
class World:
    """What a terminal has around it. The defaults are the real ones."""

    tick: Callable[[], Tick] = field(default_factory=lambda: real_tick)
    entropy: Callable[[int], bytes] = os.urandom
    jitter: Callable[[], float] = random.SystemRandom().random
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


@dataclass(slots=True)
class Report:
    """What one synchronization did. `stopped` is the code of what ended it early, None if all was handed over."""

    requests: int = 0
    receipts: int = 0
    recorded: int = 0
    duplicates: int = 0
    forked: int = 0
    gaps: int = 0
    no_answers: int = 0
    new_epochs: int = 0
    declared_lost: int = 0
    waiting: int = 0
    stopped: str | None = None
    retry: str | None = None
    detail: str | None = None
    alarm: bool = False


async def enrol(
    queue: Queue,
    keys: TerminalKeys,
    transport: Transport,
    paper: Paper,
    *,
    url: str,
    info: Mapping[str, object],
    replaces: bytes | None = None,
    language: str = "zh",
) -> trust.Enrolled:
    """Enrol with what came on paper and store the checked answer. Repeating it with the same keys is harmless.

    Raises Refused, NoAnswer, or Distrusted if anything of the answer does not follow from the paper.
    """
    request = enrolment.sign_request(paper.code, keys.event, keys.request, info, paper.log, replaces)
    answer = await transport.send("POST", "/sync/v1/terminals", _headers(language), request.encode())
    if answer.status != 200:
        raise refusal(answer)
    enrolled = trust.check_enrolment(answer.body, paper, request)
    queue.keep_enrolment(enrolled, url=url, log_key=paper.log, recovery=paper.recovery, event_key=keys.event.public)
    return enrolled


class Client:
    """One enrolled terminal and its server."""

    def __init__(
        self,
        queue: Queue,
        keys: TerminalKeys,
        transport: Transport,
        *,
        world: World | None = None,
        patience: Patience | None = None,
        encoding: str = "zstd",
        language: str = "zh",
        limits: Limits | None = None,
    ) -> None:
        self.queue = queue
        self.keys = keys
        self.transport = transport
        self.world = world or World()
        self.patience = patience or Patience()
        self.encoding = encoding
        self.language = language
        self.limits = limits or Limits()

    async def sync(self, on_progress: Callable[[int, int], None] | None = None) -> Report:
        """Hand over everything that waits, then (or instead, if nothing waits) one heartbeat where it is due.

        Returns when all is receipted, when a refusal needs a person, or when patience is at its end. Never raises for
        what the server or the network does.
        """
        report = Report()
        with self.queue.talking():
            await self._rounds(report, on_progress)
        report.waiting = self.queue.unsent()
        return report

    async def head(self) -> dict[str, Any]:
        """Ask for the server's view: a hint, never leave to delete. Raises Refused, NoAnswer or Distrusted."""
        value = await self._ask("/sync/v1/head")
        now, held = value.get("now"), value.get("held")
        if type(now) is int and type(held) is bool:
            self.queue.note_hint(held=held, offset=now - self.world.tick().wall)
        return value

    async def fetch_changes(self) -> int:
        """Fetch what changed for this terminal's officers and keep it. Returns how many items came.

        A cursor that the server does not take is given up, once, and everything fetched anew. Raises Refused, NoAnswer
        or Distrusted; what came until then is kept, and the next call goes on there.
        """
        came, begun = 0, False
        for _ in range(MAX_ROUNDS):
            cursor = desk.cursor_of(self.queue)
            query = "" if cursor is None else f"after={quote(cursor, safe='')}"
            try:
                page = desk.read_page(await self._ask("/sync/v1/changes", query))
            except desk.BadItems as fault:
                raise Distrusted(0, f"the changes have not the form of the protocol: {fault}") from None
            except Refused as refused:
                if refused.code != "bad_cursor" or cursor is None or begun:
                    raise
                begun = True
                desk.begin_anew(self.queue)
                continue
            desk.keep(self.queue, page, self.world.tick())
            came += len(page.items)
            if not page.more:
                return came
        raise Distrusted(0, f"{MAX_ROUNDS} pages and still more")

    async def _ask(self, path: str, query: str = "") -> dict[str, Any]:
        """A signed GET; a clock that is off is corrected for the signature, once."""
        answer = await self._signed_get(path, query, None)
        if answer.status == 401:
            refused = refusal(answer)
            if refused.code != "clock_skew" or type(refused.fields.get("now")) is not int:
                raise refused
            answer = await self._signed_get(path, query, refused.fields["now"])
        if answer.status != 200:
            raise refusal(answer)
        return _map(answer.body)

    # -- rounds --

    async def _rounds(self, report: Report, on_progress: Callable[[int, int], None] | None) -> None:
        limits = self.limits
        total = self.queue.unsent()
        failures = 0
        asked = 0.0
        turned_back = 0
        for _ in range(MAX_ROUNDS):
            if failures:
                if failures >= self.patience.tries:
                    return
                await self.world.sleep(self.patience.pause(failures, asked, self.world.jitter()))
            parcel = batches.cut(self.queue, self.keys.event, limits, self.encoding)
            try:
                verdict = await self._offer(parcel, report)
            except NoAnswer as fault:
                failures, asked = failures + 1, 0.0
                report.no_answers += 1
                self._stop(report, NO_ANSWER, "later", str(fault))
                continue
            except Distrusted as fault:
                # An answer that proves nothing is no answer; one that proves a lie is for people, at once.
                report.alarm = report.alarm or fault.alarm
                self._stop(report, DISTRUSTED, "never" if fault.alarm else "later", str(fault))
                if fault.alarm:
                    return
                failures, asked = failures + 1, 0.0
                continue
            except Refused as refused:
                self._stop(report, refused.code, refused.retry, refused.detail)
                if refused.code == "gap":
                    report.gaps += 1
                    turned_back += 1
                    if turned_back > 8 or not self._turn_back(report, refused, parcel):
                        return
                    failures = 0
                elif refused.code == "too_large":
                    smaller = self._shrink(report, refused, parcel, limits)
                    if smaller is None:
                        return
                    limits, failures = smaller, 0
                elif refused.retry == "later":
                    failures, asked = failures + 1, seconds(refused.fields.get("retry_after"))
                else:
                    return
                continue
            failures, asked, turned_back = 0, 0.0, 0
            report.stopped = report.retry = report.detail = None
            self._count(report, verdict)
            if on_progress is not None:
                waiting = self.queue.unsent()
                total = max(total, waiting)
                on_progress(total - waiting, total)
            if self.queue.state.cursor > self.queue.newest:
                # Values and declarations that the last batch could not carry go with a heartbeat of their own.
                if parcel.declared >= self.queue.newest and not self._values_due(parcel):
                    return
                if not parcel.offered.hashes:
                    return
        self._stop(report, STUCK, "later", f"{MAX_ROUNDS} requests and still not done")

    async def _offer(self, parcel: Parcel, report: Report) -> receipts.Verdict:
        report.requests += 1
        headers = _headers(self.language)
        if parcel.encoding:
            headers["Content-Encoding"] = parcel.encoding
        answer = await self.transport.send("POST", "/sync/v1/batches", headers, parcel.body)
        if answer.status != 200:
            raise refusal(answer)
        queue = self.queue
        verdict = receipts.check(answer.body, parcel.offered, queue.chain, queue.epoch, queue.state.recovery)
        queue.apply(verdict, parcel.offered.first, parcel.last, self.world.tick())
        return verdict

    def _values_due(self, parcel: Parcel) -> bool:
        """Whether private values wait that this batch did not carry."""
        return self.queue.private_waiting() > 0 and bool(parcel.offered.hashes)

    def _turn_back(self, report: Report, refused: Refused, parcel: Parcel) -> bool:
        """A gap: offer again from `expected`. Harmless even if the refusal is forged: what is there is a duplicate."""
        expected = refused.fields.get("expected")
        if type(expected) is not int or not 1 <= expected < parcel.offered.first:
            return False
        try:
            self.queue.offer_from(expected)
        except QueueRefused as fault:
            self._stop(report, DELETED, "never", str(fault))
            report.alarm = True
            return False
        return True

    def _shrink(self, report: Report, refused: Refused, parcel: Parcel, limits: Limits) -> Limits | None:
        """Too large: one envelope by its own size is declared lost; else smaller batches. None: nothing helps."""
        seq = refused.fields.get("seq")
        if type(seq) is int:
            if not parcel.offered.first <= seq <= parcel.last:
                return None
            try:
                self.queue.declare_lost(seq, MAX_ENVELOPE, self.world.tick())
            except RecordRefused as fault:
                self._stop(report, refused.code, "after_fix", str(fault))
                return None
            report.declared_lost += 1
            return limits
        return None if limits.smallest else limits.halved()

    def _stop(self, report: Report, code: str, retry: str, detail: str) -> None:
        report.stopped, report.retry, report.detail = code, retry, detail
        self.queue.note_trouble(code, detail, retry, self.world.tick())

    def _count(self, report: Report, verdict: receipts.Verdict) -> None:
        report.receipts += 1
        report.new_epochs += len(verdict.epochs)
        for each in verdict.receipt.results:
            match each.outcome:
                case "recorded":
                    report.recorded += 1
                case "duplicate":
                    report.duplicates += 1
                case "forked":
                    report.forked += 1
        if verdict.contradictions:
            report.alarm = True

    async def _signed_get(self, path: str, query: str, now: int | None) -> Answer:
        state = self.queue.state
        headers = httpsig.sign_request(
            method="GET",
            authority=authority_of(state.url),
            path=path,
            query=query,
            key_id=trust.id_text(state.id),
            signer=self.keys.request,
            created=(self.world.tick().wall if now is None else now) // 1000,
        )
        target = f"{path}?{query}" if query else path
        return await self.transport.send("GET", target, {**_headers(self.language), **headers}, None)


def real_tick() -> Tick:
    """The clocks of this machine: `mono` counts since the kernel started, so it survives the end of a process."""
    try:
        boot = UUID(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()).bytes
        mono = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    except (OSError, ValueError, AttributeError):
        boot, mono = _PROCESS, time.monotonic_ns() // 1_000_000
    return Tick(time.time_ns() // 1_000_000, mono, boot)


_PROCESS: Final = os.urandom(16)
"""Stands for the boot where the system names none: then `mono` is comparable within this process only."""


def _headers(language: str) -> dict[str, str]:
    return {"Accept": MSGPACK, "Accept-Language": language, "Content-Type": MSGPACK}


def refusal(answer: Answer) -> Refused:
    """The problem in an answer, believed in nothing but as a hint. Any body gives one, with the status as its word."""
    fields: dict[str, Any] = {}
    if len(answer.body) <= MAX_PROBLEM:
        try:
            fields = _map(answer.body)
        except Distrusted:
            try:
                parsed = json.loads(answer.body)
                fields = parsed if isinstance(parsed, dict) else {}
            except (ValueError, RecursionError):
                fields = {}
    code = fields.get("code")
    if not isinstance(code, str) or not code:
        code = f"http_{answer.status}"
    retry = fields.get("retry")
    if retry not in {"never", "later", "after_fix"}:
        known = PROBLEMS.get(code)
        retry = (
            known.retry if known else ("later" if answer.status in {408, 425, 429} or answer.status >= 500 else "never")
        )
    detail = fields.get("detail")
    if "retry-after" in answer.headers:
        fields["retry_after"] = answer.headers["retry-after"]
    return Refused(code, str(retry), str(detail) if isinstance(detail, str) else f"HTTP {answer.status}", fields)


def _map(body: bytes) -> dict[str, Any]:
    try:
        value = canonical.decode(body)
    except canonical.NotCanonical as fault:
        raise Distrusted(0, f"expected a canonical map: {fault}") from None
    if not isinstance(value, dict):
        raise Distrusted(0, "expected a canonical map")
    return value


def seconds(value: object) -> float:
    """What a Retry-After asks for; 0 where it asks for nothing that can be read."""
    return float(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 6 else 0.0
