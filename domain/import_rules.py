"""Rules and holidays of an authority's own, from a file in the form of domain/rules, as acts that publish them (E05).

The head of the file says what was published (`document`, `version`, `id`, `kind`); `[[rule]]` and `[[notice]]` are as
in the package. The invariant: an entry gives an act only if `domain.rulesets` would lay it over the rules of the
package; every other one is a fault that says what was expected, what came and what to do.
"""

from __future__ import annotations

import datetime
import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from domain.imports import MAX_SHOWN, Fault, Planned, Table, named_id
from domain.matter import Fact
from domain.rulebook import Rule, Rulebook, covers, shape
from domain.rulesets import Overrides, like, overrides
from domain.workdays import Calendar, CalendarFault, Notice, notice_of
from schemas.events import REGISTRY, InvalidBody
from schemas.events.rule_set import RuleSetPublished

TYPE: Final = RuleSetPublished.SPEC.name
OWN: Final = ("powers.items",)
"""Keys that authorities alone publish: the package has no entry of them."""

_DAY: Final = (datetime.date, "一个日期，如 2026-03-01（不加引号）", "a day such as 2026-03-01, without quotes")
_TEXT: Final = (str, "文字", "a text in quotes")
_YES: Final = (bool, "true 或 false", "true or false")
_HEAD: Final[Mapping[str, tuple[type, str, str]]] = {
    "id": _TEXT, "kind": _TEXT, "version": _TEXT, "document": _TEXT, "authority": _TEXT, "sha256": _TEXT,
    "effective_from": _DAY, "effective_to": _DAY,
}  # fmt: skip
_RULE: Final[Mapping[str, tuple[type, str, str]]] = {
    "key": _TEXT, "value": (object, "", ""), "since": _DAY, "until": _DAY, "source": _TEXT, "kind": _TEXT,
    "version": _TEXT, "authority": _TEXT, "unit": _TEXT, "inclusive": _YES, "lighter": _TEXT, "verified": _YES,
}  # fmt: skip
_NEEDED: Final = ("key", "value", "since", "source")
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
_CODE: Final = re.compile(r"[0-9A-Za-z]{1,32}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MOST_TEXT: Final = 500
"""Characters that a value may have in an event."""

_MOST_NUMBER: Final = 2**53 - 1


class _Wrong(ValueError):
    """`place` is the field; the sentences say what was expected and what to do."""

    def __init__(self, place: str, zh: str, en: str, came: object = "") -> None:
        super().__init__(en)
        self.place, self.zh, self.en, self.came = place, zh, en, str(came)[:MAX_SHOWN]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry that is good: as the event has it, and as the judges will."""

    number: int
    wire: tuple[Mapping[str, Any], ...]
    rule: Rule


@dataclass(slots=True)
class _File:
    """What is read: the head, whose log it is for, the book and the calendar that it is checked against."""

    head: Mapping[str, Any]
    authority: str
    book: Rulebook
    calendar: Calendar
    digest: bytes
    sets: dict[tuple[str, str, str], list[_Entry]] = field(default_factory=dict)
    years: set[tuple[int, str]] = field(default_factory=set)


def read_rules(data: bytes, *, authority: str, book: Rulebook, calendar: Calendar) -> Table:
    """Read a file of rules. `authority` is whose log it goes to; `book` and `calendar` are those of the package.

    Rules become one act for each kind, version and authority that they name, each notice an act of its own. Faults have
    the number of the entry among its like (0: the file), and its key or year with the field.
    """
    table = Table()
    try:
        document = tomllib.loads(data.decode("utf-8-sig"))
        _sound(document)
    except (ValueError, RecursionError) as fault:
        zh, en = "应为 UTF-8 编码的 TOML 文件，按所示位置改正", "expected TOML in UTF-8: mend the place that is named"
        table.faults.append(Fault(0, "", zh, en, str(fault)[:200]))
        return table
    rules, notices = document.pop("rule", []), document.pop("notice", [])
    if not all(isinstance(found, list) and all(isinstance(one, dict) for one in found) for found in (rules, notices)):
        zh, en = "规则应写成 [[rule]]，日历应写成 [[notice]]", "expected rules as [[rule]] and holidays as [[notice]]"
        table.faults.append(Fault(0, "", zh, en))
        return table
    try:
        file = _File(_headed(document, authority), authority, book, calendar, sha256(data).digest())
    except _Wrong as fault:
        table.faults.append(Fault(0, fault.place, fault.zh, fault.en, fault.came))
        return table
    table.rows = len(rules) + len(notices)
    if not table.rows:
        table.faults.append(Fault(0, "", "应至少有一个 [[rule]] 或 [[notice]]", "expected a [[rule]] or a [[notice]]"))
    for number, entry in enumerate(rules, 1):
        try:
            _add(file, number, entry)
        except _Wrong as fault:
            table.faults.append(
                Fault(number, f"{_short(entry.get('key'))} {fault.place}".strip(), fault.zh, fault.en, fault.came)
            )
    for (kind, version, target), entries in file.sets.items():
        table.acts.append(_set(file, kind, version, target, entries))
    for number, entry in enumerate(notices, 1):
        try:
            table.acts.append(_holidays(file, number, entry))
        except _Wrong as fault:
            place = f"notice {_short(entry.get('year'))} {fault.place}".strip()
            table.faults.append(Fault(number, place, fault.zh, fault.en, fault.came))
    for act in table.acts:
        try:
            REGISTRY.decode_body(act.type, dict(act.body))
        except InvalidBody as fault:
            table.faults.append(
                Fault(act.row, "", "内容不符合事件类型的要求，按所示改正", f"{fault}: mend what it names")
            )
    if table.faults:
        table.acts = []
    return table


def _headed(head: Mapping[str, Any], authority: str) -> Mapping[str, Any]:
    """The head of a file. Raises _Wrong."""
    _typed(head, _HEAD)
    for name in ("id", "version"):
        if name in head and not _NAME.fullmatch(head[name]):
            raise _Wrong(name, "应为 1 至 128 个字符", "expected 1 to 128 characters", head[name])
    if "sha256" in head and not _DIGEST.fullmatch(head["sha256"]):
        raise _Wrong("sha256", "应为 64 位小写十六进制数", "expected 64 lowercase hexadecimal digits", head["sha256"])
    _target(head.get("authority", authority), authority)
    if "effective_to" in head and "effective_from" in head and head["effective_to"] < head["effective_from"]:
        came = head["effective_to"]
        raise _Wrong("effective_to", "失效日期不应早于施行日期", "expected a day on or after `effective_from`", came)
    return head


def _add(file: _File, number: int, entry: Mapping[str, Any]) -> None:
    """Check a rule and put it with those that it is published with. Raises _Wrong."""
    _typed(entry, _RULE)
    for name in _NEEDED:
        if name not in entry or (entry[name] == "" and name != "value"):
            raise _Wrong(name, f"缺少 {name}，请补上", f"expected a `{name}`: add it")
    key, known = entry["key"], like(file.book, entry["key"])
    if known is None and key not in OWN:
        near = difflib.get_close_matches(key, [*file.book.names, *OWN], n=2, cutoff=0.5)
        zh = f"，是否为 {'、'.join(near)}" if near else ""
        en = f": did you mean {' or '.join(near)}?" if near else ""
        raise _Wrong(
            "", f"没有这一规则{zh}（全部规则见 domain/rules/README.md）",
            f"there is no such rule{en} (domain/rules/README.md lists all)", "",
        )  # fmt: skip
    kind, version = entry.get("kind", file.head.get("kind", "limits")), entry.get("version", file.head.get("version"))
    if kind == "calendar":
        raise _Wrong("kind", "日历应写成 [[notice]]", "holidays are given as [[notice]]", kind)
    if version is None or not _NAME.fullmatch(version):
        raise _Wrong("version", "应在文件开头写明 version", 'expected a version: give `version = "2026-1"` at the head')
    if not file.head.get("document"):
        raise _Wrong(
            "document", "应在文件开头写明所依据的文件", "expected the published document: give `document` at the head"
        )
    target = _target(entry.get("authority", file.head.get("authority", file.authority)), file.authority)
    if entry.get("verified") is False:
        raise _Wrong("verified", "应先核对依据，再发布", "expected a rule whose source was read: read it, then publish")
    if known is not None and entry.get("lighter", known.lighter) != known.lighter:
        wanted = known.lighter or "nothing"
        raise _Wrong("lighter", "轻重方向由程序规定，请删去", f"expected {wanted}: leave it out", entry["lighter"])
    wire = tuple(_wire(entry, known))
    body = _body(file, kind, version, target, wire)
    try:
        REGISTRY.decode_body(TYPE, body)
    except InvalidBody as fault:
        raise _Wrong("", "内容不符合事件类型的要求，按所示改正", f"{fault}: mend what it names") from fault
    laid = _laid(file, body)
    if laid.refused:
        reason = laid.refused[0].reason
        raise _Wrong("", f"{reason.zh}，请改正", f"{reason.en}: mend it")
    [rule] = laid.rules
    entries = file.sets.setdefault((kind, version, target), [])
    _apart(file, _Entry(number, wire, rule))
    entries.append(_Entry(number, wire, rule))


def _wire(entry: Mapping[str, Any], known: Rule | None) -> Iterator[Mapping[str, Any]]:
    """An entry as events have it: the rule, and what is said beside it where it is not what the package says."""
    value, wanted = entry["value"], known.value if known is not None else ("01",)
    if shape(value) != shape(wanted):
        example = _example(wanted)
        raise _Wrong(
            "value", f"应与程序自带的取值同类，如 {example}",
            f"expected {shape(wanted)} such as {example}, got {shape(value)}", value,
        )  # fmt: skip
    if isinstance(wanted, tuple) and wanted:
        for item in value:
            if isinstance(item, int) and item < 0:
                raise _Wrong("value", "应为不小于零的整数", "expected whole numbers that are not negative", item)
            if shape(item) != shape(wanted[0]):
                raise _Wrong(
                    "value", f"列表各项应与程序自带的同类，如 {_example(wanted)}",
                    f"expected items each {shape(wanted[0])} as in {_example(wanted)}, got {shape(item)}", item,
                )  # fmt: skip
    said = int(value) if isinstance(value, bool) else _text(value) if isinstance(value, list | Mapping) else value
    if isinstance(said, str) and len(said) > _MOST_TEXT:
        raise _Wrong(
            "value", f"取值过长，至多 {_MOST_TEXT} 个字符",
            f"expected at most {_MOST_TEXT} characters, got {len(said)}: shorten it",
        )  # fmt: skip
    days = {name: entry[name].isoformat() for name in ("since", "until") if name in entry}
    beside = {"source": entry["source"], **days}
    yield {"key": entry["key"], "value": said, **beside}
    if known is not None and entry.get("inclusive", known.inclusive) != known.inclusive:
        yield {"key": f"{entry['key']}.inclusive", "value": int(entry["inclusive"]), **beside}
    if known is not None and entry.get("unit", known.unit) != known.unit:
        yield {"key": f"{entry['key']}.unit", "value": entry["unit"], **beside}


def _apart(file: _File, new: _Entry) -> None:
    """Raises _Wrong if another entry of the key holds on one of its days, or says another unit in the same act."""
    rule, end = new.rule, datetime.date.max
    for entries in file.sets.values():
        for other in entries:
            old = other.rule
            if (old.key, old.authority) != (rule.key, rule.authority):
                continue
            if rule.since <= (old.until or end) and old.since <= (rule.until or end):
                raise _Wrong(
                    "since", f"与第 {other.number} 条在同一天有效，请给较早的一条写明 until",
                    f"expected one entry a day, rule {other.number} holds too: give the older one an `until`",
                    rule.since,
                )  # fmt: skip
            if old.version == rule.version and (old.unit, old.inclusive) != (rule.unit, rule.inclusive):
                raise _Wrong(
                    "unit", f"与第 {other.number} 条的单位或含本数不同，请另给一个 version",
                    f"expected unit and `inclusive` of rule {other.number}: give this one another `version`",
                )  # fmt: skip


def _set(file: _File, kind: str, version: str, target: str, entries: list[_Entry]) -> Planned:
    """The act that publishes some rules."""
    said = {each["key"]: each for entry in entries for each in entry.wire[1:]}
    wire = [*(entry.wire[0] for entry in entries), *said.values()]
    body = _body(file, kind, version, target, wire)
    return _act(entries[0].number, body, file.authority, target)


def _holidays(file: _File, number: int, entry: Mapping[str, Any]) -> Planned:
    """The act that publishes the holidays of a year. Raises _Wrong."""
    try:
        notice: Notice = notice_of("notice", entry)
    except CalendarFault as fault:
        said = str(fault).removeprefix("notice: ")
        raise _Wrong(
            "", "日历的写法不对，见 domain/rules/calendar.toml", f"{said}; see domain/rules/calendar.toml"
        ) from fault
    version, document = file.head.get("version"), notice.document or file.head.get("document")
    if version is None:
        raise _Wrong("version", "应在文件开头写明 version", 'expected a version: give `version = "2026-1"` at the head')
    if not document:
        raise _Wrong("document", "应写明所依据的通知", "expected the notice that was published: give its `document`")
    target = _target(notice.authority or file.head.get("authority", file.authority), file.authority)
    if not notice.verified:
        raise _Wrong("verified", "应先核对通知，再发布", "expected a notice that was read: read it, then publish")
    if notice.amends and notice.year not in file.calendar.years:
        raise _Wrong(
            "amends", f"程序没有 {notice.year} 年的日历，请列出全年放假和调休日期",
            f"expected all days of {notice.year}, which the program has no notice of: list them, leave `amends` out",
        )  # fmt: skip
    if not notice.off and not notice.worked and not notice.back:
        raise _Wrong("off", "应列出放假日期", "expected days off: list them")
    if (notice.year, target) in file.years:
        raise _Wrong("year", "同一年份出现两次，请合并", "expected a year once: put the two together", notice.year)
    file.years.add((notice.year, target))
    # A day that goes back to what the week says is a working day again, or a day of rest again.
    off = notice.off | {day for day in notice.back if day.weekday() > 4}
    worked = notice.worked | {day for day in notice.back if day.weekday() < 5}
    body: dict[str, Any] = {
        **_common(file, "calendar", version, target), "source_document": document, "year": notice.year,
        "effective_from": f"{notice.year}-01-01", "known_on": notice.known_on.isoformat(),
    }  # fmt: skip
    body |= {
        name: [day.isoformat() for day in sorted(days)] for name, days in (("off", off), ("worked", worked)) if days
    }
    return _act(number, body, file.authority, target)


def _body(
    file: _File, kind: str, version: str, target: str, wire: tuple[Mapping[str, Any], ...] | list[Mapping[str, Any]]
) -> dict[str, Any]:
    body = {**_common(file, kind, version, target), "source_document": file.head["document"]}
    first = file.head.get("effective_from")
    body["effective_from"] = first.isoformat() if first else min(entry["since"] for entry in wire)
    if "effective_to" in file.head:
        body["effective_to"] = file.head["effective_to"].isoformat()
    return {**body, "entries": [dict(entry) for entry in wire]}


def _common(file: _File, kind: str, version: str, target: str) -> dict[str, Any]:
    given = file.head.get("sha256")
    common: dict[str, Any] = {
        "ruleset_id": file.head.get("id") or f"{target}-{kind}", "kind": kind, "version": version,
        "content_hash": bytes.fromhex(given) if given else file.digest,
    }  # fmt: skip
    return common if target == file.authority else {**common, "authority": target}


def _act(number: int, body: Mapping[str, Any], authority: str, target: str) -> Planned:
    """A version that was published never changes: verdicts name it."""
    name = (authority, target, body["ruleset_id"], body["kind"], body["version"], str(body.get("year", "")))
    return Planned(number, TYPE, (f"authority:{target}",), body, named_id("import", TYPE, *name), once=True)


def _laid(file: _File, body: Mapping[str, Any]) -> Overrides:
    """What the judges would make of a rule set."""
    read = REGISTRY.decode_body(TYPE, dict(body))
    fact = Fact(bytes(16), TYPE, read, (), (), "office", file.authority, occurred=0, received=0)
    return overrides([fact], file.book)


def _typed(entry: Mapping[str, Any], fields: Mapping[str, tuple[type, str, str]]) -> None:
    """Raises _Wrong for a field that there is not, or whose value is of another kind."""
    for name, value in entry.items():
        if name not in fields:
            there = ", ".join(fields)
            raise _Wrong(
                _short(name), f"没有这一项；可有 {there}", f"there is no such field: take it out; there are {there}"
            )
        kind, zh, en = fields[name]
        if not isinstance(value, kind) or isinstance(value, datetime.datetime):
            raise _Wrong(name, f"应为{zh}", f"expected {en}", _short(value))


def _sound(value: Any) -> None:
    """Raises ValueError for what no event can carry, wherever it stands: immense numbers, texts with NUL."""
    if isinstance(value, int) and abs(value) > _MOST_NUMBER:
        raise ValueError(f"a number beyond {_MOST_NUMBER}")
    if isinstance(value, str) and "\0" in value:
        raise ValueError("a text with a NUL character")
    if isinstance(value, list | Mapping):
        for item in value:
            _sound(item)
            if isinstance(value, Mapping):
                _sound(value[item])


def _target(target: str, authority: str) -> str:
    if not _CODE.fullmatch(target) or not covers(authority, target):
        raise _Wrong(
            "authority", f"应为 {authority} 或其下级机关的代码，请删去或改正",
            f"expected {authority} or an authority below it: leave it out or mend it", target,
        )  # fmt: skip
    return target


def _text(value: Any) -> str:
    """A list as a text with commas where that says it whole, everything else as JSON."""
    if isinstance(value, list | tuple) and value:
        if all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in value):
            return ",".join(map(str, value))
        if all(isinstance(item, str) and re.fullmatch(r"[^\s,，\[\]{}]+", item) for item in value):
            return ",".join(value)
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except TypeError as fault:
        raise _Wrong(
            "value", "应为整数、文字、是否、列表或表", "expected whole numbers, texts, yes or no, lists or tables"
        ) from fault


def _example(value: Any) -> str:
    """A value of the package as a file has it, near enough."""
    return _short(json.dumps(value, ensure_ascii=False))


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
