"""`liuhen bench ingest`: our server and its peers with the same batches, in interleaved rounds of one run.

Within a round every number of terminals is measured on our server, then the same rows by COPY, then the same batches
by each peer, so that whatever else the machine does falls on all of them. Figures are medians over the rounds.
Invariant: nothing is printed before every row of every target was counted and found to be what was acknowledged.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from ops.bench import floor, library, uma
from ops.bench import rig as rigs
from ops.bench.load import BATCH, LoadTerminal
from ops.bench.machine import Machine
from ops.bench.rig import Rig, Sample
from ops.settings import Settings

LEVELS: Final = (1, 8, 32, 128)
RATIO_LEVEL: Final = 32
SPREAD: Final = 32
PEERS: Final = ("copy", "eventsourcing", "eventsourcing_fastest", "umadb", "umadb_http")
MOST_TERMINALS: Final = 256
MOST_EVENTS: Final = 2_000_000
MOST_ROUNDS: Final = 50
WAL_BYTES: Final = 5_000
"""Of WAL an event leaves in all targets together that write to the cluster."""
UNHURRIED: Final = 60_000
"""Events of a level and round at most, where nobody asked for a number: some seconds of load and 60 MB."""

Say = Callable[[str, int, int], None]
"""(what, done, all): progress."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. `events` = for each level and round, None for what takes a second or so; `seconds` caps each."""

    levels: Sequence[int] = LEVELS
    events: int | None = None
    rounds: int = 3
    seconds: float | None = None
    authorities: int = 1

    def batches(self, level: int) -> int:
        """Batches that each terminal sends in one round."""
        events = self.events if self.events is not None else min(UNHURRIED, 10_000 + 5_000 * (level - 1))
        return max(1, events // (BATCH * level))

    @property
    def wal(self) -> int:
        """About as many bytes of WAL as the run writes."""
        levels = [*self.levels, SPREAD] if self.authorities > 1 else self.levels
        return WAL_BYTES * self.rounds * sum(BATCH * level * self.batches(level) for level in levels)

    @property
    def ratio_level(self) -> int:
        """At which number of terminals the ratios are taken: 32 where it is measured, else the greatest."""
        return RATIO_LEVEL if RATIO_LEVEL in self.levels else max(self.levels)


@dataclass(slots=True)
class Samples:
    """Everything that was measured: target -> level -> one sample for each round."""

    machine: Machine
    plan: Plan
    of: dict[str, dict[int, list[Sample]]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    groups: dict[int, list[int]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    copied: int = 0

    def add(self, target: str, level: int, sample: Sample) -> None:
        """Keep a sample."""
        self.of.setdefault(target, {}).setdefault(level, []).append(sample)

    def rate(self, target: str, level: int) -> float | None:
        """Median events a second."""
        samples = self.of.get(target, {}).get(level)
        return statistics.median(s.figure.events_per_s for s in samples) if samples else None

    def ratio(self, target: str, level: int) -> float | None:
        """Ours over the target's."""
        ours, theirs = self.rate("ours", level), self.rate(target, level)
        return None if ours is None or theirs is None else ours / theirs

    def cpu(self, target: str, level: int) -> dict[str, float | None]:
        """Median microseconds of CPU an event, by process."""
        samples = self.of.get(target, {}).get(level, [])
        found: dict[str, float | None] = {}
        for name in samples[0].cpu if samples else ():
            values = [value for s in samples if (value := s.cpu[name]) is not None]
            found[name] = statistics.median(values) if values else None
        return found

    def as_json(self) -> dict[str, Any]:
        """The JSON of `liuhen bench ingest --json`; rates in events a second, rounded to what they are good for."""
        at = self.plan.ratio_level
        told: dict[str, Any] = {
            "ours": self._levels("ours"),
            "peers": {name: self._levels(name) if name in self.of else None for name in PEERS},
            "ratios": {name: _rounded(self.ratio(name, at), 3) for name in PEERS},
            "ratios_at": at,
            "ratios_by_level": {
                str(level): {name: _rounded(self.ratio(name, level), 3) for name in PEERS} for level in self.of["ours"]
            },
            "absent": self.absent,
            "group": {str(level): round(events, 1) for level, events in self.mean_groups().items()},
            "cpu_us_per_event": {
                name: {part: _rounded(value, 2) for part, value in self.cpu(name, at).items()}
                for name in ("ours", *PEERS)
                if name in self.of
            },
            "rows": self.rows,
            "rounds": self.plan.rounds,
            "machine": asdict(self.machine),
        }
        if "spread" in self.of:
            told["authorities"] = {
                "1": self._levels("ours")[str(SPREAD)],
                str(SPREAD): self._levels("spread")[str(SPREAD)],
                "ratio": _rounded(self.spread_ratio, 3),
            }
        return told

    @property
    def spread_ratio(self) -> float | None:
        """32 terminals in 32 logs over 32 terminals in one."""
        one, many = self.rate("ours", SPREAD), self.rate("spread", SPREAD)
        return None if one is None or many is None else many / one

    def figures(self, target: str, level: int) -> dict[str, float]:
        """Medians over the rounds."""
        samples = self.of[target][level]
        return {
            "events_per_s": round(statistics.median(s.figure.events_per_s for s in samples), 1),
            "p50_ms": round(statistics.median(s.figure.p50_ms for s in samples), 3),
            "p99_ms": round(statistics.median(s.figure.p99_ms for s in samples), 3),
        }

    def _levels(self, target: str) -> dict[str, dict[str, float]]:
        return {str(level): self.figures(target, level) for level in self.of[target]}

    def mean_groups(self) -> dict[int, float]:
        """Events of a transaction of our server on average, by level."""
        found = {}
        for level, transactions in self.groups.items():
            events = sum(sample.figure.events for sample in self.of["ours"][level])
            found[level] = events / max(1, sum(transactions))
        return found


class Peer(Protocol):
    """Takes the batches that our server took, and says afterwards whether it has them all (else BenchFault)."""

    async def measure(self, prepared: list[list[bytes]], *, seconds: float | None = None) -> Sample: ...
    async def check(self) -> None: ...


async def run(plan: Plan, *, settings: Settings | None = None, place: Path | None = None, say: Say) -> Samples:
    """Measure. Raises BenchFault, LoadRefused, ClusterError."""
    if plan.authorities > 1 and SPREAD not in plan.levels:
        plan = Plan((*plan.levels, SPREAD), plan.events, plan.rounds, plan.seconds, plan.authorities)
    logs = SPREAD + 1 if plan.authorities > 1 else 1
    async with contextlib.AsyncExitStack() as stack:
        say("start", 0, plan.rounds)
        rig = await stack.enter_async_context(rigs.running(authorities=logs, place=place, settings=settings))
        samples = Samples(rig.machine, plan)
        await rig.make_wal(plan.wal)
        await floor.make_tables(rig)
        peers = await _peers(stack, rig, samples)
        one = await rig.enrol(rig.authorities[0], max(plan.levels))
        spread = [(await rig.enrol(authority, 1))[0] for authority in rig.authorities[1:]]
        warm = Samples(rig.machine, plan)
        await _level(rig, warm, peers, one[: max(plan.levels)], 1, None)
        steps = plan.rounds * (len(plan.levels) + bool(spread))
        for number in range(steps):
            level = (*plan.levels, 0)[number % (len(plan.levels) + bool(spread))]
            say(f"{level or SPREAD} terminals" + (f" in {SPREAD} logs" if not level else ""), number, steps)
            if level:
                await _level(rig, samples, peers, one[:level], plan.batches(level), plan.seconds)
            else:
                prepared = [terminal.prepare(plan.batches(SPREAD)) for terminal in spread]
                samples.add("spread", SPREAD, await rig.send(spread, prepared, seconds=plan.seconds))
        say("counting", steps, steps)
        samples.rows = await rig.count()
        await floor.check(rig, samples.copied + warm.copied)
        for peer in peers.values():
            await peer.check()
        return samples


async def _peers(stack: contextlib.AsyncExitStack, rig: Rig, samples: Samples) -> dict[str, Peer]:
    starts: dict[str, tuple[str | None, Callable[[], contextlib.AbstractAsyncContextManager[Peer]]]] = {
        "eventsourcing": (library.absent(), lambda: library.running(rig, "bench_default", library.DEFAULT)),
        "eventsourcing_fastest": (library.absent(), lambda: library.running(rig, "bench_fastest", library.FASTEST)),
        "umadb": (uma.absent(), lambda: uma.running(rig)),
        "umadb_http": (uma.absent(), lambda: uma.handled(rig)),
    }
    peers: dict[str, Peer] = {}
    for name, (why, start) in starts.items():
        if why is None:
            peers[name] = await stack.enter_async_context(start())
        else:
            samples.absent[name] = why
    return peers


async def _level(
    rig: Rig, samples: Samples, peers: Mapping[str, Peer], terminals: Sequence[LoadTerminal], batches: int,
    seconds: float | None,
) -> None:  # fmt: skip
    """One level of one round: our server, the same rows by COPY, the same batches by every peer."""
    level = len(terminals)
    prepared = [terminal.prepare(batches) for terminal in terminals]
    log_id, first = await rig.size(terminals[0].authority)
    ours = await rig.send(terminals, prepared, seconds=seconds)
    samples.add("ours", level, ours)
    _, end = await rig.size(terminals[0].authority)
    transactions = await floor.groups(rig, log_id, first, end)
    samples.groups.setdefault(level, []).append(transactions)
    copying = floor.measure(rig, log_id, first, end, events=ours.figure.events, transactions=transactions)
    samples.add("copy", level, await copying)
    samples.copied += end - first
    sent = [bodies[:done] for bodies, done in zip(prepared, ours.figure.sent, strict=True)]
    for name, peer in peers.items():
        samples.add(name, level, await peer.measure(sent, seconds=seconds))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
