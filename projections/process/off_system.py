"""The report on enforcement off the system (体外循环) as of a cut: signals, their threads, and denominators.

Each signal of the period stands with what was said of it before the cut. Numbers of signals mean little alone: beside
them stand the acts on site that came in, how they came, how much of the plan was done on the system, and which
terminals still hold what nobody has seen. What is unknown is called so, never counted as nothing. Invariant: the same
authorities, period, cut and instant give the same bytes, whatever was recorded since; nobody is named or ranked by
numbers, and no fine is in it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import asyncpg
import msgspec

from domain import lateness, settling
from domain.matter import Reason, Signal
from domain.quarterly import Period
from domain.rule_inputs import SIGNALS
from domain.settling import Outstanding
from domain.workdays import FIRST_DAY, LAST_DAY, SHANGHAI, end_of, start_of
from projections.process import figures, past, reports
from projections.process.context import Context
from projections.process.figures import Cut
from projections.process.past import Device, Stood
from projections.process.store import Memory
from projections.sheets import Row, Sheet

State: TypeAlias = Literal[
    "open", "undecided", "disputed", "explained", "corrected", "confirmed", "false_alarm", "withdrawn"
]
STATES: Final[Mapping[State, tuple[str, str]]] = {
    "open": ("待说明", "unexplained"),
    "undecided": ("暂不能判定", "unknown"),
    "disputed": ("有异议", "disputed"),
    "explained": ("已说明", "explained"),
    "corrected": ("已纠正", "corrected"),
    "confirmed": ("已确认", "confirmed"),
    "false_alarm": ("误报", "false alarm"),
    "withdrawn": ("已消除", "lifted by later records"),
}
"""What a signal of the report is: (zh, en)."""
SILENT_DAYS: Final = 3
"""Days without a word of a terminal after which it is called silent."""
HOUR: Final = 3_600_000
NAMES: Final = {part.code: (part.zh, part.en) for part in SIGNALS}
HOLDING: Final[Mapping[str, tuple[str, str]]] = {
    "never": ("从未上传", "never handed anything in"),
    "waiting": ("有未上传记录", "holds records"),
    "gap": ("记录有缺口", "records are missing"),
    "silent": ("已停止联系", "silent"),
    "revoked": ("已注销", "revoked"),
    "replaced": ("已更换", "replaced by another"),
}
"""Why what a terminal did is not known: (zh, en)."""


@dataclass(frozen=True, slots=True)
class Case:
    """A signal as of the cut, with its state and what was said of it, in order: {at, state, by, reason …}."""

    signal: Stood
    state: State
    reason: Reason
    thread: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the signals of an authority are held against.

    `acts` on site that came in within the period; `classes` of `domain.lateness` over those from the field; `declared`
    later with an approval; `median_ms` half of those from the field were there within; `planned` items of the plan and
    `done` on the system, None without a plan.
    """

    acts: int
    classes: Mapping[lateness.Class, int]
    declared: int
    median_ms: int
    planned: int | None
    done: int | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A terminal of which something is not known: why (HOLDING), and how much as far as it said so."""

    device: Device
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OffSystem:
    """The report. `at` is the instant (ms) as of which signals stand."""

    period: Period
    authorities: tuple[str, ...]
    cut: Cut
    at: int
    counted_by: str
    cases: tuple[Case, ...]
    lifted: Mapping[str, int]
    measured: Mapping[str, Measured]
    unknown: tuple[Unknown, ...]

    @property
    def name(self) -> str:
        """What the report is asked for by: its cut and its instant."""
        return f"{self.cut.name}@{self.at}"

    def of_rule(self, rule: str) -> dict[State, int]:
        """How many signals of a rule are in each state."""
        found: dict[State, int] = dict.fromkeys(STATES, 0)
        for one in self.cases:
            if one.signal.rule == rule:
                found[one.state] += 1
        found["withdrawn"] = self.lifted.get(rule, 0)
        return found

    @property
    def acts(self) -> int:
        """The denominator: acts on site of all its authorities."""
        return sum(one.acts for one in self.measured.values())

    @property
    def rules(self) -> list[str]:
        """Rules that have something to say."""
        return sorted({one.signal.rule for one in self.cases} | {rule for rule, n in self.lifted.items() if n})


async def report(
    conn: asyncpg.Connection,
    authorities: Sequence[str],
    period: Period,
    cut: Cut,
    at: int,
    memory: Memory | None = None,
    *,
    most: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> OffSystem:
    """The report of some authorities over a period, as of a cut (of all logs) and an instant (ms).

    Runs as `projections.process.past`. Raises past.TooFarBack where more than `most` matters must be judged again.
    """
    wanted = tuple(sorted(set(authorities)))
    first, last = start_of(period.first), min(end_of(period.last) - 1, at)
    laws = await figures.laws_of(conn, cut)
    signals = await past.signals(conn, cut, wanted, first, last, memory, most=most, progress=progress)
    known = await past.devices(conn, cut, wanted, [name for one in signals for name in one.terminals])
    missing = {name: one.outstanding for name, one in known.items() if one.waiting or one.lost}
    judged = [_case(one, at, missing) for one in signals]
    lifted: dict[str, int] = {}
    for one in judged:
        if one.state == "withdrawn":
            lifted[one.signal.rule] = lifted.get(one.signal.rule, 0) + 1
    plans = await figures.table(conn, cut, wanted, period, laws, codes=("completion",))
    return OffSystem(
        period, wanted, cut, at, reports.version(laws), tuple(one for one in judged if one.state != "withdrawn"),
        lifted, await _measured(conn, cut, wanted, first, last, laws, period, plans),
        tuple(_unknown(known[name], at) for name in sorted(known, key=lambda n: (known[n].authority, n))
              if known[name].authority in wanted and _why(known[name], at)),
    )  # fmt: skip


def moment(text: str) -> tuple[str, int | None]:
    """(cut, instant) of a report's name, `CUT` or `CUT@INSTANT` (ms, or ISO 8601). Raises ValueError."""
    cut, _, instant = text.partition("@")
    if not instant:
        return cut, None
    if instant.isascii() and instant.isdecimal() and len(instant) <= 15:
        found = int(instant)
    else:
        read = datetime.datetime.fromisoformat(instant)
        found = int((read if read.tzinfo else read.replace(tzinfo=SHANGHAI)).timestamp() * 1000)
    if not start_of(FIRST_DAY) <= found < end_of(LAST_DAY):
        raise ValueError(f"expected an instant from {FIRST_DAY} to {LAST_DAY}")
    return cut, found


# -- the parts --


def _case(one: Stood, at: int, missing: Mapping[str, Outstanding]) -> Case:
    thread = tuple(act for act in one.acts if act["at"] <= at)
    signal = Signal(
        one.rule, one.version, _severity(one.severity), one.score, one.opens, Reason(one.zh, one.en),
        absent=one.absent, closes=one.closes,
    )  # fmt: skip
    gaps = [missing[name] for name in one.terminals if name in missing]
    state, reason = settling.signal(signal, settling.stood(one.acts, one.closes, at), at, gaps)
    if state == "resolved":
        said = thread[-1]["said"].get("resolution", "explained")
        return Case(one, said if said in STATES else "explained", reason, thread)
    return Case(one, "open" if state == "pending" else state, reason, thread)


def _severity(text: str) -> Literal["serious", "medium", "weak"]:
    match text:
        case "serious" | "medium":
            return text
        case _:
            return "weak"


async def _measured(
    conn: asyncpg.Connection,
    cut: Cut,
    authorities: Sequence[str],
    first: int,
    last: int,
    laws: Context,
    period: Period,
    plans: Mapping[str, Mapping[str, int | None]],
) -> dict[str, Measured]:
    acts = await past.acts(conn, cut, authorities, first, last)
    limits = {one: laws.rules.get("upload.late_hours", period.last, one).value * HOUR for one in authorities}
    late = [one for one in acts if one["origin"] == "field" and one["received"] - one["at"] > limits[one["authority"]]]
    classed = await _classes(conn, cut, await past.late(conn, late), limits)
    found = {}
    by_authority: dict[str, list[Mapping[str, Any]]] = {name: [] for name in authorities}
    for act in acts:
        by_authority[act["authority"]].append(act)
    for name, mine in by_authority.items():
        ways = sorted(one["received"] - one["at"] for one in mine if one["origin"] == "field")
        classes: dict[lateness.Class, int] = dict.fromkeys(lateness.CLASSES, 0)
        for of, one in classed:
            if of == name:
                classes[one] += 1
        classes["in_time"] = len(ways) - sum(classes.values())
        found[name] = Measured(
            len(mine), classes, len(mine) - len(ways), ways[(len(ways) - 1) // 2] if ways else 0,
            plans[name].get("planned"), plans[name].get("items_done"),
        )  # fmt: skip
    return found


async def _classes(
    conn: asyncpg.Connection, cut: Cut, records: Sequence[past.Late], limits: Mapping[str, int]
) -> list[tuple[str, lateness.Class]]:
    """(authority, class) of records that came late."""
    said = await past.seals(conn, cut, [one.terminal for one in records])
    cited = [(one.authority, *one.anchor) for one in records if one.anchor is not None]
    made_at = await past.checkpoints(conn, cited)
    found = []
    for one in records:
        anchored = None if one.anchor is None else made_at.get((one.authority, *one.anchor))
        made = lateness.bounds(one.seq, said.get(one.terminal, ()), anchored)
        found.append(
            (one.authority, lateness.classify(one.occurred, one.captured, one.received, made, limits[one.authority]))
        )
    return found


def _why(device: Device, at: int) -> tuple[str, ...]:
    """What is not known of a terminal. One that was revoked or replaced is not silent; what it lacks stays lacking."""
    ended = device.revoked is not None and device.revoked <= at
    found = [] if device.last is not None else ["never"]
    found += ["waiting"] if device.waiting else []
    found += ["gap"] if device.lost else []
    if ended:
        return (*found, "revoked")
    if device.replaced is not None and device.replaced <= at:
        return (*found, "replaced")
    found += ["silent"] if device.last is not None and at - device.last > SILENT_DAYS * 24 * HOUR else []
    return tuple(found)


def _unknown(device: Device, at: int) -> Unknown:
    return Unknown(device, _why(device, at))


# -- as documents --


def as_dict(made: OffSystem) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "kind": "off-system",
        "period": {
            "name": made.period.name,
            "first": made.period.first.isoformat(),
            "last": made.period.last.isoformat(),
        },
        "authorities": list(made.authorities),
        "as_of": {"name": made.name, "cut": made.cut.name, "instant": made.at, "positions": own(made)},
        "counted_by": made.counted_by,
        "measured": {
            name: {
                "acts_on_site": one.acts,
                "by_lateness": dict(one.classes),
                "declared_later": one.declared,
                "half_within_ms": one.median_ms,
                "planned": one.planned,
                "done_on_system": one.done,
            }
            for name, one in made.measured.items()
        },
        "rules": [
            {
                "rule": rule,
                "zh": NAMES[rule][0],
                "en": NAMES[rule][1],
                **made.of_rule(rule),
                "per_hundred_acts": per_hundred(standing(made, rule), made.acts),
            }
            for rule in made.rules
        ],
        "unknown": [
            {
                "authority": one.device.authority,
                "terminal": one.device.terminal,
                "why": list(one.why),
                "head": one.device.head,
                "declared": one.device.declared,
                "waiting": one.device.waiting,
                "lost": one.device.lost,
                "last": one.device.last,
                "revoked": one.device.revoked,
                "replaced": one.device.replaced,
                "replaced_by": one.device.replaced_by,
            }
            for one in made.unknown
        ],
        "signals": [
            {
                "id": one.signal.id,
                "authority": one.signal.authority,
                "rule": one.signal.rule,
                "severity": one.signal.severity,
                "score": one.signal.score,
                "opened": one.signal.opens,
                "kind": one.signal.kind,
                "key": one.signal.key,
                "subject": one.signal.subject,
                "state": one.state,
                "zh": one.reason.zh,
                "en": one.reason.en,
                "inputs": list(one.signal.inputs),
                "thread": [dict(act) for act in one.thread],
            }
            for one in made.cases
        ],
    }


def as_json(made: OffSystem) -> bytes:
    """The report as JSON: keys in order, no white space, one form for one report."""
    return msgspec.json.encode(as_dict(made), order="deterministic")


def per_hundred(number: int, acts: int) -> str | None:
    """Signals for each hundred acts, with one place; None where there are no acts to hold them against."""
    return None if not acts else f"{number * 1000 // acts / 10:.1f}"


def standing(made: OffSystem, rule: str) -> int:
    """Signals of a rule that were neither lifted nor false alarms."""
    states = made.of_rule(rule)
    return sum(number for state, number in states.items() if state not in ("withdrawn", "false_alarm"))


def sheets(made: OffSystem, chosen: str) -> list[Sheet]:
    """The report as tables: what the signals are held against, signals by rule, what is unknown, every signal."""
    place = 0 if chosen == "zh" else 1

    def say(zh: str, en: str) -> str:
        return zh if place == 0 else en

    above: list[Row] = [
        [say("体外循环报告", "Report on enforcement off the system"), made.period.name],
        [say("统计时点", "as of"), made.name, shown(made.at)],
        [say("各日志位置", "positions"), *_positions(made)],
        [say("统计口径版本", "counted by"), made.counted_by],
        [say("预警不是结论，须经核查", "a signal is no finding: a person looks at it")],
    ]
    return [
        _denominators(made, above, place),
        _by_rule(made, place),
        _not_known(made, place),
        _each(made, chosen, place),
    ]


def _heads(place: int, *words: tuple[str, str]) -> list[str]:
    return [word[place] for word in words]


def _denominators(made: OffSystem, above: list[Row], place: int) -> Sheet:
    header = _heads(
        place, ("机关", "authority"), ("现场行为", "acts on site"), ("按期上传", "in time"),
        ("迟传（已证实按时形成）", "late sync, proven"), ("迟传（仅凭终端时钟）", "late sync by its own clock"),
        ("迟录", "late entry"), ("申报补录", "declared later"), ("半数到达用时（秒）", "half within, s"),
        ("计划项目", "items planned"), ("系统内完成", "done on the system"),
    )  # fmt: skip
    rows: list[Row] = [
        [name, one.acts, *(one.classes[each] for each in lateness.CLASSES), one.declared, one.median_ms // 1000,
         one.planned, one.done]
        for name, one in made.measured.items()
    ]  # fmt: skip
    return Sheet(("基数", "Denominators")[place], above, header, rows)


def _by_rule(made: OffSystem, place: int) -> Sheet:
    header = _heads(place, ("规则", "rule"), ("名称", "name"), *STATES.values(), ("每百次现场行为", "per 100 acts"))
    rows: list[Row] = [
        [rule, NAMES[rule][place], *(made.of_rule(rule)[one] for one in STATES),
         per_hundred(standing(made, rule), made.acts) or "–"]
        for rule in made.rules
    ]  # fmt: skip
    return Sheet(("分类", "By rule")[place], [], header, rows)


def _not_known(made: OffSystem, place: int) -> Sheet:
    header = _heads(
        place, ("机关", "authority"), ("终端", "terminal"), ("原因", "why"), ("已到记录", "newest here"),
        ("终端所称", "newest it has"), ("未上传", "not uploaded"), ("缺失", "missing"), ("最近联系", "last word"),
        ("注销时间", "revoked on"), ("更换时间", "replaced on"), ("更换为", "replaced by"),
    )  # fmt: skip
    rows: list[Row] = [
        [one.device.authority, one.device.terminal, ("；", "; ")[place].join(HOLDING[why][place] for why in one.why),
         one.device.head, one.device.declared, one.device.waiting, one.device.lost,
         "–" if one.device.last is None else shown(one.device.last),
         "–" if one.device.revoked is None else shown(one.device.revoked),
         "–" if one.device.replaced is None else shown(one.device.replaced), one.device.replaced_by or "–"]
        for one in made.unknown
    ]  # fmt: skip
    return Sheet(("未知", "Unknown")[place], [], header, rows)


def _each(made: OffSystem, chosen: str, place: int) -> Sheet:
    header = _heads(
        place, ("机关", "authority"), ("规则", "rule"), ("名称", "name"), ("状态", "state"), ("严重程度", "severity"),
        ("产生时刻", "stands since"), ("事项", "matter"), ("单位", "enterprise"), ("内容", "what it says"),
        ("处理经过", "thread"), ("编号", "id"),
    )  # fmt: skip
    rows: list[Row] = []
    for one in made.cases:
        signal = one.signal
        rows.append(
            [signal.authority, signal.rule, NAMES[signal.rule][place], STATES[one.state][place],
             _weight(signal.severity, place), shown(signal.opens), f"{signal.kind}:{signal.key}", signal.subject,
             (one.reason.zh, one.reason.en)[place], said(one.thread, chosen), signal.id]
        )  # fmt: skip
    return Sheet(("预警", "Signals")[place], [], header, rows)


def said(thread: Iterable[Mapping[str, Any]], chosen: str) -> str:
    """A thread in words, the oldest first."""
    place = 0 if chosen == "zh" else 1
    lines = []
    for act in thread:
        told = act["said"]
        word = STATES.get(told.get("resolution", "disputed"), STATES["disputed"])[place]
        lines.append(f"{shown(act['at'])} {word}{': ' if place else '：'}{told.get('reason', '')}")
    return "\n".join(lines)


def shown(instant: int) -> str:
    """An instant (ms) in Asia/Shanghai to the minute."""
    return datetime.datetime.fromtimestamp(instant / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _weight(severity: str, place: int) -> str:
    return {"serious": ("严重", "serious"), "medium": ("一般", "medium")}.get(severity, ("轻微", "weak"))[place]


def own(made: OffSystem) -> dict[str, dict[str, int]]:
    """How far the logs of its authorities were, {authority: {log: size}}; a matter may rest on those of others too."""
    return {one: logs for one, logs in made.cut.vector().items() if one in made.authorities}


def _positions(made: OffSystem) -> list[str]:
    return [f"{one} " + " ".join(f"{log}:{size}" for log, size in logs.items()) for one, logs in own(made).items()]
