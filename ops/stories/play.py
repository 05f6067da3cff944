"""Stories played against a server: field events by simulated terminals over HTTP, office acts through the committer.

Weeks are played in seconds: terminals write with the clock of the story, and the server receives at the time at which
the story says that it did. Everything else is the ordinary way. The invariant: events are played in the order of time
over all stories, so an act that cites another finds it in the log; what an earlier run that was cut short has recorded
is not recorded again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from ops import codes, fleet
from ops.serve import Served
from ops.settings import Settings
from ops.stories import files
from ops.stories.book import Story
from ops.stories.event import MINUTE, Enclosure, StoryEvent
from ops.stories.files import Brought
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, Refused, World, enrol
from ops.terminal.queue_file import Queue, Tick
from ops.terminal.transport import HttpTransport, Transport
from ops.terminal.trust import Paper
from schemas.entries import Who
from server.log.acts import Act, OfficeActs
from server.log.ids import now_ms
from server.log.private_values import sealed

TOGETHER: Final = 30 * MINUTE
"""Records of one terminal that follow one another so closely (ms) are uploaded together."""

TRIES: Final = 3
"""How often (times) an upload that the network did not let through is begun anew."""

BOOT: Final = bytes(range(16))


class StoryFailed(Exception):
    """A story could not be played to its end: which terminal, and what the server said."""


@dataclass(slots=True)
class _Clock:
    """The clocks of a simulated terminal: they show what the story says (ms), one of them perhaps `wrong`."""

    at: int = 0
    wrong: int = 0

    def __call__(self) -> Tick:
        return Tick(self.at + self.wrong, self.at, BOOT)


@dataclass(slots=True)
class _Terminal:
    """A simulated terminal of the stories, enrolled, with its queue open; `had` records were in it from before."""

    id: bytes
    queue: Queue
    client: Client
    clock: _Clock
    had: int


@dataclass(slots=True)
class Played:
    """What was played: acts of the office, records of terminals, uploads, receipts that terminals verified."""

    acts: int = 0
    records: int = 0
    uploads: int = 0
    receipts: int = 0
    versions: dict[bytes, int] = field(default_factory=dict)
    files: Brought = field(default_factory=Brought)


@dataclass(frozen=True, slots=True)
class Step:
    """One event; `upload`: at the time at which it reached the server its terminal hands over what it has."""

    event: StoryEvent
    authority: str
    upload: bool


Road = Callable[[str, Transport], Transport]
"""The network between a terminal of that name and the server."""


async def play(
    served: Served, settings: Settings, folder: Path, stories: Sequence[Story], road: Road = lambda _, way: way
) -> Played:
    """Play stories, or what is left of them. Terminals live in `folder`.

    Raises StoryFailed, NotBrought, Refused, NoAnswer, Distrusted.
    """
    homes = {e.terminal: one.authority for one in stories for e in one.events if e.terminal}
    done = Played()
    there = await _recorded(served, [e.id for one in stories for e in one.events if e.office])
    async with AsyncExitStack() as stack:
        way = await stack.enter_async_context(HttpTransport(served.internal, seconds=15.0))
        terminals: dict[str, _Terminal] = {}
        for name in sorted(homes):
            place = folder / name
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            terminals[name] = await _terminal(served, settings, place, homes[name], way, road(name, way), stack)
        ids = {name: terminal.id for name, terminal in terminals.items()}
        due: dict[str, int] = {}
        for step in steps(stories):
            event, now = step.event, _written(step.event)
            for name in sorted((name for name, at in due.items() if at <= now), key=lambda name: due[name]):
                await _upload(served, name, terminals[name], due.pop(name), done)
            if event.office:
                await _act(served, step, ids, done, again=event.id in there)
                continue
            terminal = terminals[event.terminal]
            terminal.clock.at, terminal.clock.wrong = now, event.wrong
            done.records += 1
            # Also of what an earlier run has recorded: the file must still lie there, and whole.
            drafted = fleet.draft(event, _lying(folder / event.terminal / "files"))
            if terminal.had:
                terminal.had -= 1
            else:
                terminal.queue.record_all([(drafted, terminal.clock())])
            if step.upload:
                due[event.terminal] = event.received or now
        for name in sorted(due, key=lambda name: due[name]):
            await _upload(served, name, terminals[name], due[name], done)
        for terminal in terminals.values():
            terminal.clock.at = now_ms()
        clients = {name: terminal.client for name, terminal in terminals.items()}
        await files.bring(clients, served.internal, done.files)
    return done


def steps(stories: Sequence[Story]) -> Iterator[Step]:
    """The events of all stories in the order of time, and after which of them a terminal uploads."""
    every = sorted(
        ((event, one.name, one.authority) for one in stories for event in one.events),
        key=lambda each: (_written(each[0]), each[0].id),
    )
    for index, (event, name, authority) in enumerate(every):
        after = (other for other, owner, _ in every[index + 1 :] if owner == name or other.terminal == event.terminal)
        follows = next(after, None)
        together = (
            follows is not None
            and not follows.office
            and follows.terminal == event.terminal
            and (follows.received or 0) - (event.received or 0) < TOGETHER
        )
        yield Step(event, authority, not event.office and not together)


async def _recorded(served: Served, ids: Sequence[bytes]) -> set[bytes]:
    """Which of these acts of the office the logs hold already."""
    connection = await asyncpg.connect(served.database.dsn("postgres"), timeout=10)
    try:
        wanted = [UUID(bytes=one) for one in ids]
        rows = await connection.fetch("SELECT id FROM log.keys WHERE id = ANY($1)", wanted)
    finally:
        await connection.close()
    return {row["id"].bytes for row in rows}


async def _terminal(
    served: Served, settings: Settings, place: Path, authority: str, plain: Transport, way: Transport,
    stack: AsyncExitStack,
) -> _Terminal:  # fmt: skip
    """A terminal that is enrolled: with a code of its own, unless it is already."""
    key_file = place / "keys.json"
    keys = key_files.load_or_create(key_file)
    queue = stack.enter_context(Queue(place / "queue.sqlite"))
    info = {"app": "liuhen stories", "name": place.name}
    while not queue.enrolled:
        paper = Paper.read(asdict(await codes.issue(settings, served.database, authority)))
        try:
            await enrol(queue, keys, plain, paper, url=served.internal, info=info)
        except Refused as refused:
            if refused.code != "key_refused":
                raise
            # Enrolled by a demo that was cut off before it heard so; its code is gone, so this is another terminal.
            key_file.replace(place / "keys.unheard.json")
            keys = key_files.create(key_file)
    if queue.state.url != served.internal:
        queue.move_to(served.internal)
    clock = _Clock()
    patience = Patience(tries=8, first=0.05, cap=2.0)
    client = Client(queue, keys, way, world=World(tick=clock, jitter=lambda: 0.5), patience=patience)
    return _Terminal(queue.state.id, queue, client, clock, queue.newest)


async def _act(served: Served, step: Step, ids: Mapping[str, bytes], done: Played, *, again: bool) -> None:
    event = step.event
    about, body = event.at_terminals(ids)
    origin = next((body[key] for key in ("case_id", "task_id") if key in body), event.id)
    done.versions[origin] = done.versions.get(origin, 0) + 1
    done.acts += 1
    if again:
        return
    private: dict[bytes, bytes] = {}
    for name, value in event.private.items():
        state = served.log.book.current(step.authority)
        assert state is not None and state.keys is not None  # noqa: PT018 - the demo writes its own logs
        commitment, hidden = sealed(value, state.keys.data_public)
        body, private[commitment] = {**body, name: commitment}, hidden
    act = Act(event.type, about, body, origin, done.versions[origin], event.id)
    who = Who(officer=event.by[0], session=bytes(32), via="demo")
    received = event.received or event.occurred
    await served.log.committer.submit(OfficeActs(step.authority, [act], who, received, private=private))


async def _upload(served: Served, name: str, terminal: _Terminal, at: int, done: Played) -> None:
    terminal.clock.at, terminal.clock.wrong = at, 0
    with _receiving(served, at):
        report = await terminal.client.sync()
        for _ in range(TRIES):  # a network may be as bad as it likes, but not for ever
            if report.stopped is None or report.retry == "never":
                break
            report = await terminal.client.sync()
        terminal.clock.at = now_ms()  # requests with files are signed by the time of the server
        await files.bring_on_the_way(name, terminal.client, served.internal, done.files)
        terminal.clock.at = at
    done.uploads += 1
    done.receipts += report.receipts
    if report.stopped is not None:
        raise StoryFailed(f"{name} could not upload its records: {report.stopped}: {report.detail}")


def _lying(folder: Path) -> Callable[[Enclosure], str]:
    """Lays a file down in a terminal's folder and says where."""
    return lambda file: str(files.lay_down(folder, file))


@contextmanager
def _receiving(served: Served, at: int) -> Iterator[None]:
    """The server receives at the time of the story."""
    served.sync.clock = served.uploads.arrivals.clock = lambda: at
    try:
        yield
    finally:
        served.sync.clock = served.uploads.arrivals.clock = now_ms


def _written(event: StoryEvent) -> int:
    return event.occurred if event.captured is None else event.captured
