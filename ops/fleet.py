"""A fleet: many simulated terminals against one server, over the real HTTP interface and a bad network.

Each terminal plays its own stories with its own seed: it records while offline, loses answers, sends twice, is cut off
in the middle of a request, and its clock jumps. The goal is that every record has a verified receipt before the
deadline. Terminals know nothing of the fleet: all mischief sits in their transport and in their clocks.

Invariant: the fleet succeeds only if every record of every terminal is named by a receipt that the terminal verified,
every chain is whole, and nobody raised an alarm.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ops import stories
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, Refused, Report, World, enrol, real_tick
from ops.terminal.queue_file import Draft, File, Queue, QueueRefused, Tick
from ops.terminal.transport import Answer, HttpTransport, NoAnswer, Transport
from ops.terminal.trust import Distrusted, Paper, id_text

MOST_TERMINALS: Final = 10_000
REQUEST_SECONDS: Final = 15.0
JUMPS: Final = (-3_600_000, -400_000, 400_000, 7_200_000, 0, 0)
"""How far a wall clock may stand wrong after somebody turned it, ms."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the fleet does: `terminals` play `events` each within `deadline` seconds.

    `mischief` is the share of requests that go wrong (0 .. 1); `seed` decides stories, sizes and mischief. The
    stories happened in the weeks before now, so their records are late: a fleet is there for networks, not for signals.
    """

    terminals: int
    events: int
    seed: int = 1
    deadline: float = 60.0
    mischief: float = 0.25


@dataclass(slots=True)
class Mischief:
    """What went wrong on purpose, counted."""

    lost_answers: int = 0
    duplicate_sends: int = 0
    cut_connections: int = 0
    unreachable: int = 0
    offline_spells: int = 0
    clock_jumps: int = 0


@dataclass(slots=True)
class Crew:
    """What one terminal did."""

    name: str
    terminal: str = ""
    authority: str = ""
    recorded: int = 0
    receipted: int = 0
    waiting: int = 0
    requests: int = 0
    receipts_verified: int = 0
    duplicates: int = 0
    private_waiting: int = 0
    alarm: bool = False
    trouble: str | None = None
    mischief: Mischief = field(default_factory=Mischief)

    @property
    def done(self) -> bool:
        """Whether this terminal reached the goal."""
        return self.recorded > 0 and self.receipted >= self.recorded and not self.waiting and not self.alarm


@dataclass(slots=True)
class Outcome:
    """What the fleet did. `reached`: the goal, within the deadline."""

    reached: bool
    seconds: float
    crews: list[Crew]

    def summary(self) -> dict[str, Any]:
        """Totals and one line per terminal, ready for JSON."""
        total = Mischief()
        for crew in self.crews:
            for name in Mischief.__slots__:
                setattr(total, name, getattr(total, name) + getattr(crew.mischief, name))
        return {
            "reached": self.reached,
            "seconds": round(self.seconds, 2),
            "terminals": len(self.crews),
            "events": sum(crew.recorded for crew in self.crews),
            "receipted": sum(crew.receipted for crew in self.crews),
            "waiting": sum(crew.waiting for crew in self.crews),
            "receipts_verified": sum(crew.receipts_verified for crew in self.crews),
            "requests": sum(crew.requests for crew in self.crews),
            "mischief": asdict(total),
            "crews": [asdict(crew) for crew in self.crews],
        }


class BadNetwork:
    """A transport that loses answers, sends twice and breaks off, `rate` of the time, as `dice` fall."""

    def __init__(self, inner: Transport, url: str, dice: random.Random, rate: float, counted: Mischief) -> None:
        self._inner = inner
        self._url = urlsplit(url)
        self._dice = dice
        self._rate = rate
        self._counted = counted
        self.calm = False

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send `body`, perhaps with an accident. Whatever happens is something a real network does."""
        if self.calm or self._dice.random() >= self._rate:
            return await self._inner.send(method, target, headers, body)
        match self._dice.choice(("lost", "twice", "cut", "unreachable")):
            case "lost":
                await self._inner.send(method, target, headers, body)
                self._counted.lost_answers += 1
                raise NoAnswer("the answer was lost on the way")
            case "twice":
                self._counted.duplicate_sends += 1
                async with asyncio.TaskGroup() as group:
                    first = group.create_task(self._quietly(method, target, headers, body))
                    second = group.create_task(self._quietly(method, target, headers, body))
                answer = first.result() or second.result()
                if answer is None:
                    raise NoAnswer("neither of two sendings was answered")
                return answer
            case "cut":
                self._counted.cut_connections += 1
                await self._cut(method, target, headers, body or b"")
                raise NoAnswer("the connection broke in the middle of the request")
            case _:
                self._counted.unreachable += 1
                raise NoAnswer("no network")

    async def _quietly(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer | None:
        try:
            return await self._inner.send(method, target, headers, body)
        except NoAnswer:
            return None

    async def _cut(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send the head and some of the body, then reset the connection."""
        secure = self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._url.netloc}"]
        lines += [f"{name}: {value}" for name, value in {"Content-Length": str(len(body)), **headers}.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                _, writer = await asyncio.open_connection(
                    self._url.hostname, port, ssl=ssl.create_default_context() if secure else None
                )
                try:
                    writer.write(head + body[: self._dice.randrange(0, max(1, len(body)))])
                    await writer.drain()
                finally:
                    writer.transport.abort()
                    with contextlib.suppress(OSError):
                        await writer.wait_closed()
        except (OSError, TimeoutError):
            return


async def run(
    plan: Plan,
    url: str,
    folder: Path,
    papers: Sequence[Mapping[str, object]],
    *,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Play `plan` against the server at `url`. One of `papers` (as `enrol-code --json` prints) for each new terminal.

    Terminals live in `folder`; one that is enrolled there already goes on where it was. `say` is told in words what
    happens. Raises ValueError if there are fewer papers than new terminals.
    """
    places = [folder / f"T-{number}" for number in range(1, plan.terminals + 1)]
    fresh = [place for place in places if not (place / "queue.sqlite").exists()]
    if len(papers) < len(fresh):
        raise ValueError(f"expected {len(fresh)} enrolment papers, one for each new terminal, got {len(papers)}")
    for place in places:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    given = dict(zip(fresh, papers, strict=False))
    crews = [Crew(place.name) for place in places]
    began = time.monotonic()
    in_time = True
    try:
        async with asyncio.timeout(plan.deadline), asyncio.TaskGroup() as group:
            for number, (place, crew) in enumerate(zip(places, crews, strict=True)):
                group.create_task(_play(plan, number, url, place, given.get(place), crew, say or (lambda _: None)))
    except TimeoutError:
        in_time = False
    reached = in_time and all(crew.done for crew in crews)
    return Outcome(reached, time.monotonic() - began, crews)


async def _play(
    plan: Plan,
    number: int,
    url: str,
    place: Path,
    paper: Mapping[str, object] | None,
    crew: Crew,
    say: Callable[[str], None],
) -> None:
    dice = random.Random(plan.seed * 1_000_003 + number)  # noqa: S311 - which accident happens, not a secret
    pair = key_files.load_or_create(place / "keys.json")
    clock = _Clock()
    with Queue(place / "queue.sqlite") as queue:
        async with HttpTransport(url, seconds=REQUEST_SECONDS) as way:
            network = BadNetwork(way, url, dice, plan.mischief, crew.mischief)
            if not queue.enrolled and not await _enrol(queue, pair, network, paper, url, crew):
                say(f"{crew.name} 未能登记 could not enrol: {crew.trouble}")
                return
            state = queue.state
            crew.terminal, crew.authority = id_text(state.id), state.authority
            say(f"{crew.name} 已登记 enrolled {crew.terminal}")
            world = World(tick=clock, jitter=dice.random)
            patience = Patience(tries=8, first=0.05, cap=2.0)
            client = Client(queue, pair, network, world=world, patience=patience)
            start = real_tick().wall - 45 * stories.DAY
            told = islice(
                stories.field_events(plan.seed * 7919 + number, start=start, authority=state.authority), plan.events
            )
            for chunk in _chunks(told, dice):
                if dice.random() < plan.mischief:
                    clock.offset = dice.choice(JUMPS)
                    crew.mischief.clock_jumps += 1
                queue.record_all([(draft(event), clock()) for event in chunk])
                crew.recorded += len(chunk)
                if dice.random() < max(plan.mischief, 0.1):
                    crew.mischief.offline_spells += 1  # these records wait for the next time there is a network
                    continue
                _count(crew, await client.sync(), queue)
            await _finish(client, network, crew, queue)
            say(
                f"{crew.name} 记录 {crew.recorded}，有回执 {crew.receipted}，核验回执 {crew.receipts_verified} 份"
                f" (records {crew.recorded}, receipted {crew.receipted}, receipts verified {crew.receipts_verified})"
            )


async def _enrol(
    queue: Queue,
    pair: key_files.TerminalKeys,
    network: BadNetwork,
    paper: Mapping[str, object] | None,
    url: str,
    crew: Crew,
) -> bool:
    """Enrol, again and again with the same keys: the same request gets the same answer."""
    assert paper is not None
    printed = Paper.read(paper)
    for attempt in range(8):
        try:
            await enrol(queue, pair, network, printed, url=url, info={"app": "liuhen fleet", "name": crew.name})
        except NoAnswer as fault:
            crew.trouble = str(fault)
            await asyncio.sleep(0.05 * 2**attempt)
        except Refused as refused:
            crew.trouble = str(refused)
            if refused.retry != "later":
                return False
            await asyncio.sleep(0.2)
        except Distrusted as fault:
            crew.trouble, crew.alarm = str(fault), True
            return False
        else:
            crew.trouble = None
            return True
    return False


async def _finish(client: Client, network: BadNetwork, crew: Crew, queue: Queue) -> None:
    """The network is good again at last: hand over the rest, or say why not."""
    network.calm = True
    for _ in range(3):
        report = await client.sync()
        _count(crew, report, queue)
        if report.stopped is None and not crew.waiting:
            break
        if report.retry == "never":
            break
    try:
        queue.check()
    except QueueRefused as fault:
        crew.alarm, crew.trouble = True, str(fault)


def _count(crew: Crew, report: Report, queue: Queue) -> None:
    crew.requests += report.requests
    crew.receipts_verified += report.receipts
    crew.duplicates += report.duplicates
    crew.alarm = crew.alarm or report.alarm
    crew.trouble = None if report.stopped is None else f"{report.stopped}: {report.detail}"
    crew.waiting = queue.unsent()
    crew.receipted = queue.receipted()
    crew.recorded = max(crew.recorded, queue.newest)
    crew.private_waiting = queue.private_waiting()


def draft(event: stories.StoryEvent, place: Callable[[stories.Enclosure], str] = lambda file: file.name) -> Draft:
    """A story's event as a record for the queue; `place` says where a file of it lies on the terminal."""
    files = [File(place(each), each.sha256, len(each.content), each.media_type) for each in event.files]
    return Draft(
        event.type, event.about, event.body, event.by, event.occurred, event.private, files, event.location, event.id
    )


def _chunks(events: Iterator[stories.StoryEvent], dice: random.Random) -> Iterator[list[stories.StoryEvent]]:
    """What is recorded between two looks at the network: a few records, now and then many."""
    while chunk := list(islice(events, dice.choice((1, 2, 3, 5, 8, 40)))):
        yield chunk


class _Clock:
    """This machine's clocks, with a wall clock that somebody turns."""

    def __init__(self) -> None:
        self.offset = 0

    def __call__(self) -> Tick:
        real = real_tick()
        return Tick(real.wall + self.offset, real.mono, real.boot)
