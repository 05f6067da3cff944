"""What is measured on a log of a given size: cost of an event as it grows, the projections, and verify.

The log is made as ever: batches over HTTP, by 32 terminals, into one authority's log. `liuhen rebuild` and `liuhen
verify` run as the processes that an administrator would start, on the database that the server is running on.
Invariant: no figure of a rebuild that is not equal to the live tables, none of a verify that is not clean.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ops.bench import rig as rigs
from ops.bench.ingest import Say
from ops.bench.load import BATCH, LoadTerminal
from ops.bench.machine import Machine, cpu_seconds
from ops.bench.rig import BenchFault, Rig
from ops.settings import Settings
from projections import statements

TERMINALS: Final = 32
SIZES: Final = (10_000, 100_000, 1_000_000)
FULL_SIZE: Final = 10_000_000
WINDOW: Final = 48_000
"""Events that are measured at each size."""

PACE: Final = 20_000.0
PACE_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 600.0
COMMAND_SECONDS: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Point:
    """Cost at one size of the log: rate, and microseconds of CPU an event by process."""

    size: int
    events_per_s: float
    cpu: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Growth:
    """Cost of an event at several sizes."""

    machine: Machine
    points: list[Point]

    def as_json(self) -> dict[str, Any]:
        """JSON; `last_to_first` is the cost in server and database at the greatest size over that at the smallest."""
        costs = [sum(value or 0.0 for name, value in p.cpu.items() if name != "client") for p in self.points]
        return {
            "points": [
                {
                    "size": p.size,
                    "events_per_s": round(p.events_per_s, 1),
                    "cpu_us_per_event": {name: None if v is None else round(v, 2) for name, v in p.cpu.items()},
                }
                for p in self.points
            ],
            "last_to_first": round(costs[-1] / costs[0], 3) if costs[0] else None,
            "machine": asdict(self.machine),
        }


@dataclass(frozen=True, slots=True)
class Folding:
    """The projections: catching up, a rebuild from zero, and keeping up with a paced load (None: not measured).

    `catch_up`, `rebuild` in entries a second; `lag` = longest time between a commit and its rows, s, while `pace`
    events a second are offered and `paced` are taken.
    """

    machine: Machine
    entries: int
    catch_up: float
    rebuild: float
    pace: float | None
    paced: float | None
    lag: float | None

    def as_json(self) -> dict[str, Any]:
        """JSON."""
        told: dict[str, Any] = {
            "entries": self.entries,
            "catch_up_entries_per_s": round(self.catch_up),
            "rebuild_entries_per_s": round(self.rebuild),
        }
        if self.pace is not None and self.paced is not None and self.lag is not None:
            paced = {"offered_per_s": self.pace, "events_per_s": round(self.paced), "lag_s": round(self.lag, 3)}
            told["keeping_up"] = paced
        return told | {"machine": asdict(self.machine)}


@dataclass(frozen=True, slots=True)
class Verified:
    """`liuhen verify` on a log: `seconds` from the start of the process to its end."""

    machine: Machine
    entries: int
    seconds: float
    cpu_us: float | None

    def as_json(self) -> dict[str, Any]:
        """JSON."""
        return {
            "entries": self.entries,
            "seconds": round(self.seconds, 2),
            "entries_per_s": round(self.entries / self.seconds),
            "cpu_us_per_entry": None if self.cpu_us is None else round(self.cpu_us, 2),
            "machine": asdict(self.machine),
        }


async def growth(
    sizes: Sequence[int], *, window: int = WINDOW, settings: Settings | None = None, place: Path | None = None, say: Say
) -> Growth:
    """Measure `window` events whenever the log has reached one of `sizes`, ascending. Raises BenchFault."""
    async with rigs.running(place=place, settings=settings) as rig:
        terminals = await _terminals(rig)
        points = []
        for size in sizes:
            await _reach(rig, terminals, size, sizes[-1], say)
            batches = max(1, window // (BATCH * len(terminals)))
            prepared = [terminal.prepare(batches) for terminal in terminals]
            sample = await rig.send(terminals, prepared)
            points.append(Point(size, sample.figure.events_per_s, dict(sample.cpu)))
        await rig.count()
        return Growth(rig.machine, points)


async def folding(
    events: int, *, pace: float | None = PACE, seconds: float = PACE_SECONDS, settings: Settings | None = None,
    place: Path | None = None, say: Say,
) -> Folding:  # fmt: skip
    """Let the projections catch up with `events`, rebuild them, then keep them up with a paced load."""
    async with rigs.running(place=place, settings=settings) as rig:
        terminals = await _terminals(rig)
        await _reach(rig, terminals, events, events, say)
        say("projections catch up", events, events)
        catch_up = await _catch_up(rig)
        say("liuhen rebuild", events, events)
        told = await _command(rig, "rebuild", "--check", "--only", "folds")
        if not told["equal"]:
            raise BenchFault(f"the rebuilt tables differ from the live ones: {told['different']}")
        paced = lag = None
        if pace is not None:
            say(f"{pace:.0f} events/s with projections", events, events)
            paced, lag = await _paced(rig, terminals, pace, seconds)
        await rig.count()
        rebuilt = told["entries"] / told["seconds"]
        return Folding(rig.machine, told["entries"], catch_up, rebuilt, pace, paced, lag)


async def verifying(events: int, *, settings: Settings | None = None, place: Path | None = None, say: Say) -> Verified:
    """Time `liuhen verify` on a log of so many events."""
    async with rigs.running(place=place, settings=settings) as rig:
        terminals = await _terminals(rig)
        await _reach(rig, terminals, events, events, say)
        stored = (await rig.count())["entries"]
        say("liuhen verify", events, events)
        before = cpu_seconds(rig.postmaster, children=True)
        began = time.perf_counter()
        told = await _command(rig, "verify", "--lang", "en")
        seconds = time.perf_counter() - began
        after = cpu_seconds(rig.postmaster, children=True)
        own = told["cpu_seconds"]
        cpu = None if before is None or after is None else 1e6 * (own + after - before) / stored
        return Verified(rig.machine, stored, seconds, cpu)


async def _terminals(rig: Rig) -> list[LoadTerminal]:
    return await rig.enrol(rig.authorities[0], TERMINALS)


async def _reach(rig: Rig, terminals: Sequence[LoadTerminal], size: int, last: int, say: Say) -> None:
    """Make the log as long as `size`; it ends up longer by less than a batch of each terminal."""
    while True:
        _, now = await rig.size(rig.authorities[0])
        say("filling the log", min(now, size), last)
        if now >= size:
            return
        # A batch brings one seal beside its events.
        await rig.fill(terminals, min(rigs.CHUNK, max(1, (size - now) * BATCH // (BATCH + 1))))


async def _behind(rig: Rig) -> tuple[int, int]:
    """(position of the slowest projection, size) of the rig's log."""
    log_id, size = await rig.size(rig.authorities[0])
    live = await rig.admin.fetchrow(statements.load("tables", "a")["live"])
    assert live is not None
    rows = await rig.admin.fetch(statements.load("tables", live["slot"])["positions"])
    return min((row["position"] for row in rows if row["log_id"] == log_id), default=0), size


async def _catch_up(rig: Rig) -> float:
    """Entries a second, from the moment at which the projector has the lease to the last row."""
    await rig.let_projections()
    began: float | None = None
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        now = time.perf_counter()
        if began is None and await rig.admin.fetchval(rig.queries["projector_leads"]):
            began = now
        position, size = await _behind(rig)
        if began is not None and position >= size:
            return position / (time.perf_counter() - began)
        await asyncio.sleep(LOOK_SECONDS / 5)
    raise BenchFault(f"the projections did not catch up within {PATIENCE_SECONDS:.0f} s")


async def _paced(rig: Rig, terminals: Sequence[LoadTerminal], pace: float, seconds: float) -> tuple[float, float]:
    """(events a second, longest lag in s) of a load of `pace` events a second, while the projections run."""
    batches = max(1, int(pace * seconds) // (BATCH * len(terminals)))
    prepared = [terminal.prepare(batches) for terminal in terminals]
    began = time.perf_counter()
    sizes: list[tuple[float, int]] = []
    lag = 0.0
    sending = asyncio.create_task(rig.send(terminals, prepared, pace=pace))
    try:
        while True:
            ended = sending.done()
            now = time.perf_counter()
            position, size = await _behind(rig)
            sizes.append((now, size))
            # What is not folded yet came after the newest look that saw no more than what is: a bound from above.
            since = max((when for when, seen in sizes if seen <= position), default=began)
            lag = max(lag, now - since if size > position else 0.0)
            if ended and position >= size:
                break
            if lag > PATIENCE_SECONDS:
                raise BenchFault(f"the projections were behind by more than {PATIENCE_SECONDS:.0f} s")
            await asyncio.sleep(LOOK_SECONDS)
        return (await sending).figure.events_per_s, lag
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def _command(rig: Rig, verb: str, *arguments: str) -> dict[str, Any]:
    """What `liuhen VERB --json` printed on the rig's folder, and `cpu_seconds` of its process and their children."""
    log = rig.folder / f"{verb}.log"
    code = (
        "import json, resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)\n"
        "use = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "told = json.loads(done.stdout or b'{}') | {'cpu_seconds': use.ru_utime + use.ru_stime}\n"
        "print(json.dumps(told | {'code': done.returncode}))"
    )
    liuhen = (sys.executable, "-P", "-m", "ops", verb, "--data", str(rig.folder), "--json", *arguments)
    command = (sys.executable, "-P", "-c", code, *liuhen)
    async with rigs.program(command, rig.environment(), log, patience=COMMAND_SECONDS) as process:
        told = dict(process.told)
    if told["code"] != 0:
        raise BenchFault(f"`liuhen {verb}` ended with {told['code']}: {json.dumps(told)[:300]} {rigs.last_words(log)}")
    return told
