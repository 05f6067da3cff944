"""Stories played against a server: field events by simulated terminals over HTTP, office acts through the committer.

Weeks are played in seconds: terminals write with the clock of the story, and the server receives at the time at which
the story says that it did. Everything else is the ordinary way. The invariant: events are played in the order of time
over all stories, so an act that cites another finds it in the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from ops import codes, fleet
from ops.serve import Served
from ops.settings import Settings
from ops.stories.book import Story
from ops.stories.event import MINUTE, StoryEvent
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, World, enrol
from ops.terminal.queue_file import Queue, Tick
from ops.terminal.transport import HttpTransport
from ops.terminal.trust import Paper
from schemas.entries import Who
from server.log.acts import Act, OfficeActs
from server.log.ids import now_ms

TOGETHER: Final = 30 * MINUTE
"""Records of one terminal that follow one another so closely (ms) are uploaded together."""

BOOT: Final = bytes(range(16))


class StoryFailed(Exception):
    """A story could not be played to its end: which terminal, and what the server said."""


@dataclass(slots=True)
class _Clock:
    """The clock of a simulated terminal: it shows what the story says (ms)."""

    at: int = 0

    def __call__(self) -> Tick:
        return Tick(self.at, self.at, BOOT)


@dataclass(slots=True)
class _Terminal:
    """A simulated terminal of the stories, enrolled, with its queue open."""

    id: bytes
    queue: Queue
    client: Client
    clock: _Clock


@dataclass(slots=True)
class Played:
    """What was played: acts of the office, records of terminals, uploads."""

    acts: int = 0
    records: int = 0
    uploads: int = 0
    versions: dict[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Step:
    """One event; `upload`: at the time at which it reached the server its terminal hands over what it has."""

    event: StoryEvent
    upload: bool


async def play(served: Served, settings: Settings, folder: Path, authority: str, stories: Sequence[Story]) -> Played:
    """Play stories of one authority. Terminals live in `folder`. Raises StoryFailed, Refused, NoAnswer, Distrusted."""
    names = sorted({e.terminal for one in stories for e in one.events if e.terminal})
    done = Played()
    async with AsyncExitStack() as stack:
        way = await stack.enter_async_context(HttpTransport(served.internal, seconds=15.0))
        terminals: dict[str, _Terminal] = {}
        for name in names:
            place = folder / name
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            keys = key_files.load_or_create(place / "keys.json")
            queue = stack.enter_context(Queue(place / "queue.sqlite"))
            paper = Paper.read(asdict(await codes.issue(settings, served.database, authority)))
            info = {"app": "liuhen stories", "name": name}
            enrolled = await enrol(queue, keys, way, paper, url=served.internal, info=info)
            clock = _Clock()
            client = Client(queue, keys, way, world=World(tick=clock, jitter=lambda: 0.5), patience=Patience())
            terminals[name] = _Terminal(enrolled.terminal, queue, client, clock)
        ids = {name: terminal.id for name, terminal in terminals.items()}
        due: dict[str, int] = {}
        for step in steps(stories):
            event, now = step.event, _written(step.event)
            for name in sorted((name for name, at in due.items() if at <= now), key=lambda name: due[name]):
                await _upload(served, name, terminals[name], due.pop(name), done)
            if event.office:
                await _act(served, authority, step, ids, done)
                continue
            terminal = terminals[event.terminal]
            terminal.clock.at = now
            terminal.queue.record_all([(fleet.draft(event), terminal.clock())])
            done.records += 1
            if step.upload:
                due[event.terminal] = event.received or now
        for name in sorted(due, key=lambda name: due[name]):
            await _upload(served, name, terminals[name], due[name], done)
    return done


def steps(stories: Sequence[Story]) -> Iterator[_Step]:
    """The events of all stories in the order of time, and after which of them a terminal uploads."""
    every = sorted(
        ((event, one.name) for one in stories for event in one.events),
        key=lambda pair: (_written(pair[0]), pair[0].id),
    )
    for index, (event, name) in enumerate(every):
        after = (other for other, owner in every[index + 1 :] if owner == name or other.terminal == event.terminal)
        follows = next(after, None)
        together = (
            follows is not None
            and not follows.office
            and follows.terminal == event.terminal
            and (follows.received or 0) - (event.received or 0) < TOGETHER
        )
        yield _Step(event, not event.office and not together)


async def _act(served: Served, authority: str, step: _Step, ids: Mapping[str, bytes], done: Played) -> None:
    event = step.event
    about, body = event.at_terminals(ids)
    origin = next((body[key] for key in ("case_id", "task_id") if key in body), event.id)
    done.versions[origin] = done.versions.get(origin, 0) + 1
    act = Act(event.type, about, body, origin, done.versions[origin], event.id)
    who = Who(officer=event.by[0], session=bytes(32), via="demo")
    await served.log.committer.submit(OfficeActs(authority, [act], who, event.received or event.occurred))
    done.acts += 1


async def _upload(served: Served, name: str, terminal: _Terminal, at: int, done: Played) -> None:
    terminal.clock.at = at
    with _receiving(served, at):
        report = await terminal.client.sync()
    done.uploads += 1
    if report.stopped is not None:
        raise StoryFailed(f"{name} could not upload its records: {report.stopped}: {report.detail}")


@contextmanager
def _receiving(served: Served, at: int) -> Iterator[None]:
    """The server receives at the time of the story."""
    served.sync.clock = lambda: at
    try:
        yield
    finally:
        served.sync.clock = now_ms


def _written(event: StoryEvent) -> int:
    return event.occurred if event.captured is None else event.captured
