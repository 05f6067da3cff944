"""Books that others keep, row by row: what their columns are called, and how a cell is read or refused.

A receipt of the treasury, a visit that a gate recorded, a case of a court: each becomes a row that can be held against
the log (`domain.reconcile`). The invariant: a row is read whole or refused with the column, what was expected and why;
nothing is mended or guessed, and the name or number of a person is neither taken over nor repeated.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, get_args

import msgspec
from msgspec import UNSET

from domain import codes, dates, document_numbers, money, names, tickets
from domain.import_columns import Cell, Wrong
from domain.imports import MAX_SHOWN, Fault
from domain.outside_facts import month_of
from domain.printed import Refused, close, even
from domain.tickets import State as TicketState
from domain.workdays import SHANGHAI
from schemas.events.outside_ledger import LedgerField, LedgerKind, LedgerRow, MappedColumn

KINDS: Final[tuple[LedgerKind, ...]] = get_args(LedgerKind)
FIELDS: Final[tuple[LedgerField, ...]] = get_args(LedgerField)
HEADER_WITHIN: Final = 10
"""Rows above the data in which the header is looked for: books have titles."""
MOST_IN_PART: Final = 200
PART_BYTES: Final = 36_000
"""Bytes of the rows of one part at most; an act of the office ends at 48,000."""

_TIME: Final = re.compile(
    r"(?P<day>.*?)(?:\s+|T)(?P<h>\d{1,2})(?::|：|时)(?P<m>\d{1,2})(?:(?::|：|分)(?P<s>\d{1,2})(?:\.\d+)?秒?|分)?",
    re.ASCII,
)
_SERIAL: Final = re.compile(r"(\d{5})(\.\d+)?", re.ASCII)
_FIRST_SERIAL: Final = 32_874
"""1990-01-01 in a spreadsheet whose days count from 1900; earlier ones are no day of any such book."""
_LAST_SERIAL: Final = 73_415
_SCIENTIFIC: Final = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+", re.ASCII)
_CITIZEN: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_MOBILE: Final = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
_TOTAL: Final = re.compile(r"(?:合|总|小|本页|累)计.{0,6}")
_UNIT_IN_TITLE: Final = re.compile(r"[(（\[【](元|万元|亿元)[)）\]】]")


@dataclass(frozen=True, slots=True)
class Book:
    """A kind of book: what it is called, its columns by field with the titles they have, and which must be there."""

    zh: str
    en: str
    columns: Mapping[LedgerField, tuple[str, ...]]
    needed: tuple[LedgerField, ...]


_ENTERPRISE: Final = ("统一社会信用代码", "信用代码", "社会信用代码", "单位编号", "企业编号", "纳税人识别号")
_PARTY: Final = ("单位名称", "企业名称", "当事人", "名称")
_AGENCY: Final = ("执法机关", "检查机关", "检查单位", "机关名称", "行政机关")
BOOKS: Final[Mapping[LedgerKind, Book]] = {
    "receipts": Book(
        "罚没收入票据",
        "Fine receipts",
        {
            "reference": (
                "票据号码",
                "票据号",
                "票号",
                "票据编号",
                "缴款书号",
                "缴款书编号",
                "缴款凭证号",
                "电子票据号码",
            ),
            "on": ("缴款日期", "开票日期", "缴费日期", "收款日期", "入库日期", "日期", "缴款时间", "开票时间"),
            "amount": ("金额", "缴款金额", "罚没金额", "罚款金额", "票面金额", "实缴金额"),
            "unit": ("单位", "金额单位"),
            "document_no": ("处罚决定书文号", "决定书文号", "决定书编号", "文号", "文书编号"),
            "enterprise": (*_ENTERPRISE, "缴款人代码"),
            "party": ("缴款人", "缴款单位", "付款人", "交款人", *_PARTY),
            "agency": ("执收单位", "开票单位", *_AGENCY),
        },
        ("reference", "on", "amount"),
    ),
    "documents": Book(
        "发文登记簿",
        "Register of documents",
        {
            "document_no": ("文号", "文书编号", "文书文号", "发文字号", "发文号"),
            "on": ("发文日期", "文书日期", "登记日期", "签发日期", "日期"),
            "reference": ("登记号", "登记编号"),
            "enterprise": _ENTERPRISE,
            "party": ("受文单位", "被检查单位", *_PARTY),
            "officer": ("承办人编号", "人员编号"),
        },
        ("document_no", "on"),
    ),
    "complaints": Book(
        "举报投诉热线",
        "Complaint line",
        {
            "reference": ("工单编号", "工单号", "举报编号", "受理编号", "编号"),
            "on": ("受理日期", "举报日期", "来电日期", "受理时间", "来电时间", "日期"),
            "act_on": ("所述执法日期", "涉及检查日期", "检查日期", "执法日期"),
            "document_no": ("所涉文号", "涉及文号", "文号"),
            "enterprise": _ENTERPRISE,
            "party": ("被举报单位", *_PARTY),
            "officer": ("被投诉人员编号", "人员编号"),
            "agency": ("被投诉机关", *_AGENCY),
        },
        ("reference", "on"),
    ),
    "court": Book(
        "法院案件",
        "Docket of a court",
        {
            "reference": ("案号", "法院案号"),
            "on": ("立案日期", "受理日期", "收案日期"),
            "document_no": ("被诉行政行为文号", "被诉决定文号", "处罚决定书文号", "申请执行文书文号", "文号"),
            "enterprise": _ENTERPRISE,
            "party": ("原告", "被执行人", *_PARTY),
            "agency": ("被告", "申请人", *_AGENCY),
        },
        ("reference", "on", "document_no"),
    ),
    "reconsideration": Book(
        "行政复议案件",
        "Docket of reconsiderations",
        {
            "reference": ("复议案号", "案号", "受理文号", "受理编号"),
            "on": ("受理日期", "申请日期", "收案日期"),
            "document_no": ("被申请复议的决定文号", "原决定文号", "处罚决定书文号", "文号"),
            "enterprise": _ENTERPRISE,
            "party": ("申请人", *_PARTY),
            "agency": ("被申请人", *_AGENCY),
        },
        ("reference", "on", "document_no"),
    ),
    "visit_log": Book(
        "扫码入企登记",
        "Visits recorded at the gate",
        {
            "reference": ("记录编号", "登记编号", "流水号", "扫码编号"),
            "on": ("入企日期", "入企时间", "扫码日期", "扫码时间", "来访日期", "来访时间", "检查日期", "日期"),
            "enterprise": _ENTERPRISE,
            "party": _PARTY,
            "officer": ("人员编号", "执法人员编号"),
            "agency": _AGENCY,
        },
        ("on", "enterprise"),
    ),
    "credit": Book(
        "信用平台公示",
        "Credit platform",
        {
            "document_no": ("行政处罚决定书文号", "处罚决定书文号", "决定书文号", "文号", "CF_WSH"),
            "on": ("处罚决定日期", "决定日期", "CF_JDRQ", "日期"),
            "reference": ("记录编号", "数据编号"),
            "enterprise": (*_ENTERPRISE, "行政相对人代码_1(统一社会信用代码)", "CF_XDR_SHXYM"),
            "party": ("行政相对人名称", "CF_XDR_MC", *_PARTY),
            "amount": ("罚款金额", "处罚金额", "CF_NR_FK"),
            "unit": ("金额单位",),
            "agency": ("处罚机关", "CF_CFJG", *_AGENCY),
        },
        ("document_no", "on"),
    ),
    "cameras": Book(
        "执法记录仪采集",
        "Docking of body cameras",
        {
            "reference": ("文件编号", "记录编号", "采集编号", "文件名"),
            "on": ("拍摄日期", "拍摄时间", "录制时间", "开始时间", "采集日期", "采集时间"),
            "officer": ("人员编号", "使用人编号", "执法人员编号", "警号"),
            "device": ("设备编号", "记录仪编号", "机身编号"),
            "enterprise": _ENTERPRISE,
        },
        ("on", "officer"),
    ),
    "tickets": Book(
        "票据领用登记",
        "Register of ticket books",
        {
            "reference": ("起始号码", "起号", "起始票号", "票据起号", "起始编号", "开始号码"),
            "until": ("终止号码", "止号", "终止票号", "票据止号", "终止编号", "截止号码", "结束号码"),
            "on": ("领用日期", "发放日期", "登记日期", "办理日期", "日期"),
            "state": ("票据状态", "状态", "业务类型", "登记类型"),
            "officer": ("领用人编号", "人员编号", "执法人员编号"),
            "agency": ("领用单位", "领用部门", "领用机构"),
        },
        ("reference", "until", "on"),
    ),
}
"""Every kind with the titles that its columns have in practice; a saved mapping may name others."""


@dataclass(frozen=True, slots=True)
class Place:
    """One column that is read: where it stands, as what, and in what unit amounts without one are."""

    at: int
    title: str
    field: LedgerField
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read: its header's row (from 1), the columns, and by how much its days are off (1904: 1462)."""

    kind: LedgerKind
    header: int
    places: tuple[Place, ...]
    serial_off: int = 0

    def columns(self) -> tuple[MappedColumn, ...]:
        """The columns as an act cites them."""
        return tuple(
            MappedColumn(title=one.title, field=one.field, unit=one.unit or UNSET)  # type: ignore[arg-type]  # checked by layout
            for one in self.places
        )


@dataclass(slots=True)
class Reading:
    """What has been read of a file so far. `persons`: cells with a person's name, which were passed over."""

    rows: int = 0
    faults: list[Fault] = field(default_factory=list)
    persons: int = 0
    totals: int = 0


def layout(
    kind: LedgerKind,
    top: Sequence[Sequence[Cell]],
    mapping: Sequence[MappedColumn] = (),
    *,
    unit: str = "",
    serial_off: int = 0,
) -> Layout | list[Fault]:
    """Find the header among the first rows, and which column is what; or the faults, of row 1 on.

    `mapping` names titles and fields; without one the titles that the kind knows are read. `unit` is that of amounts
    whose column and cell name none.
    """
    book = BOOKS[kind]
    wanted: dict[str, tuple[LedgerField, str]] = {}
    for one in mapping:
        wanted[_title(one.title)] = (one.field, "" if one.unit is UNSET else one.unit)
    if not mapping:
        for name, titles in book.columns.items():
            for title in (*titles, name):
                wanted.setdefault(_title(title), (name, ""))
    best: tuple[int, int] = (0, 0)
    for number, row in enumerate(top[:HEADER_WITHIN]):
        hits = sum(isinstance(cell, str) and _known(cell, wanted) is not None for cell in row)
        if hits > best[0]:
            best = (hits, number)
    hits, number = best
    if not hits:
        first = "、".join(book.columns[name][0] for name in book.needed)
        return [
            Fault(
                1, "", f"前 {HEADER_WITHIN} 行中没有认得的表头，应有 {first}",
                f"no header among the first {HEADER_WITHIN} rows: expected columns such as {first}",
            )
        ]  # fmt: skip
    return _placed(kind, number, top[number], wanted, bool(mapping), unit, serial_off)


def read_rows(plan: Layout, rows: Iterable[tuple[int, Sequence[Cell]]], reading: Reading) -> Iterator[LedgerRow]:
    """The rows that were read, in the order of the file; faults and counts go to `reading`."""
    seen: dict[str, int] = {}
    for number, cells in rows:
        if not any(isinstance(cell, Wrong) or cell.strip() for cell in cells):
            continue
        first = next((cell for cell in cells if isinstance(cell, str) and cell.strip()), "")
        if _TOTAL.fullmatch(first.strip()):
            reading.totals += 1
            continue
        reading.rows += 1
        wrong: list[Fault] = []
        row = _row(plan, number, cells, wrong, reading)
        if row is not None and seen.setdefault(row.key, number) != number:
            wrong.append(Fault(number, "", f"与第 {seen[row.key]} 行重复", f"the same record as row {seen[row.key]}"))
            row = None
        reading.faults += wrong
        if row is not None:
            yield row


def parts(rows: Iterable[LedgerRow]) -> list[tuple[str, tuple[LedgerRow, ...]]]:
    """Rows by month, in parts that fit into one act: (month, rows), by month and row."""
    months: dict[str, list[LedgerRow]] = {}
    for row in rows:
        months.setdefault(month_of(row.on), []).append(row)
    encoder = msgspec.msgpack.Encoder()
    found: list[tuple[str, tuple[LedgerRow, ...]]] = []
    for month in sorted(months):
        part: list[LedgerRow] = []
        size = 0
        for row in months[month]:
            length = len(encoder.encode(row))
            if part and (len(part) == MOST_IN_PART or size + length > PART_BYTES):
                found.append((month, tuple(part)))
                part, size = [], 0
            part.append(row)
            size += length
        found.append((month, tuple(part)))
    return found


def same_record(one: LedgerRow, other: LedgerRow) -> bool:
    """Whether two rows of one key say the same; in which row of its file each stood says nothing."""
    return msgspec.structs.replace(one, n=0) == msgspec.structs.replace(other, n=0)


# -- the header -------------------------------------------------------------------------------------------------------


def _title(text: str) -> str:
    try:
        return close(text).lower()
    except Refused:
        return ""


def _known(cell: str, wanted: Mapping[str, tuple[LedgerField, str]]) -> tuple[LedgerField, str] | None:
    title = _title(cell)
    if title in wanted:
        return wanted[title]
    bare = _title(_UNIT_IN_TITLE.sub("", cell))
    return wanted.get(bare) if bare else None


def _placed(
    kind: LedgerKind, number: int, header: Sequence[Cell], wanted: Mapping[str, tuple[LedgerField, str]], mapped: bool,
    unit: str, serial_off: int,
) -> Layout | list[Fault]:  # fmt: skip
    book = BOOKS[kind]
    places: list[Place] = []
    faults: list[Fault] = []
    taken: dict[LedgerField, str] = {}
    for at, cell in enumerate(header):
        if isinstance(cell, Wrong):
            faults.append(Fault(number + 1, "", cell.zh, cell.en))
            continue
        found = _known(cell, wanted)
        if found is None:
            continue
        name, given = found
        title = cell.strip()[:128]
        if name in taken:
            zh = f"表头 {taken[name]} 与 {title} 都对应“{field_zh(kind, name)}”，请只保留一列或使用列对应关系"
            en = f"{taken[name]} and {title} both stand for {name}: keep one, or name the columns in a mapping"
            faults.append(Fault(number + 1, title[:MAX_SHOWN], zh, en))
            continue
        taken[name] = title
        printed = _UNIT_IN_TITLE.search(cell)
        own = given or (printed[1] if printed else "")
        places.append(Place(at, title, name, (own or unit) if name == "amount" else ""))
    for name in book.needed:
        if name not in taken:
            titles = "、".join(book.columns[name][:3])
            faults.append(
                Fault(
                    number + 1, field_zh(kind, name), f"缺少这一列（常见列名：{titles}）",
                    f"expected a column for {name}, such as {titles}",
                )
            )  # fmt: skip
    if mapped:
        lost = [title for title, (name, _) in wanted.items() if name not in taken]
        faults += [
            Fault(
                number + 1,
                title[:MAX_SHOWN],
                "列对应关系中的这一列不在文件里",
                "the mapping names it, the file lacks it",
            )
            for title in lost
        ]
    return faults or Layout(kind, number + 1, tuple(places), serial_off)


def field_zh(kind: LedgerKind, name: LedgerField) -> str:
    """What a field of a kind is called in Chinese."""
    titles = BOOKS[kind].columns.get(name)
    return titles[0] if titles else name


# -- the rows ---------------------------------------------------------------------------------------------------------


def _row(
    plan: Layout, number: int, cells: Sequence[Cell], wrong: list[Fault], reading: Reading
) -> LedgerRow | None:  # fmt: skip
    found: dict[str, Any] = {}
    unit = ""
    for place in plan.places:
        if place.field == "unit" and place.at < len(cells) and isinstance(cells[place.at], str):
            unit = str(cells[place.at]).strip()
    for place in plan.places:
        cell = cells[place.at] if place.at < len(cells) else ""
        if isinstance(cell, Wrong):
            wrong.append(Fault(number, place.title, cell.zh, cell.en))
            continue
        text = cell.strip()
        if not text or place.field == "unit":
            if place.field in BOOKS[plan.kind].needed:
                wrong.append(Fault(number, place.title, "此列必填", "this column must not be empty"))
            continue
        try:
            _READ[place.field](text, found, _Given(plan, place, unit))
        except _Person:
            reading.persons += 1
            if place.field in BOOKS[plan.kind].needed:
                wrong.append(
                    Fault(number, place.title, "应为编号，不收人员姓名", "expected a number; names are not taken over")
                )
        except (Wrong, Refused) as fault:
            private = _CITIZEN.search(text) or _MOBILE.search(text)
            wrong.append(Fault(number, place.title, fault.zh, fault.en, "" if private else text[:MAX_SHOWN]))
    if plan.kind == "tickets" and not wrong:
        _range(plan, number, found, wrong)
    if wrong:
        return None
    if plan.kind == "tickets":
        # Given out, given back and given out again: three rows of one range.
        found["key"] = f"b:{found['reference']}/{found['until']}/{found.get('state', 'issued')}/{found['on']}"
    else:
        found["key"] = f"r:{found['reference']}" if "reference" in found else f"d:{_digest(found)}"
    if len(found["key"]) > 128:
        found["key"] = f"d:{_digest(found)}"
    return LedgerRow(n=number, **found)


@dataclass(frozen=True, slots=True)
class _Given:
    plan: Layout
    place: Place
    unit: str


class _Person(Exception):
    """A cell that names a person."""


def _reference(text: str, found: dict[str, Any], _: _Given) -> None:
    found["reference"] = _ref(text)


def _on(text: str, found: dict[str, Any], given: _Given) -> None:
    day, instant = _when(text, given.plan.serial_off)
    found["on"] = day
    if instant is not None:
        found["at"] = instant


def _act_on(text: str, found: dict[str, Any], given: _Given) -> None:
    found["act_on"] = _when(text, given.plan.serial_off)[0]


def _document_no(text: str, found: dict[str, Any], _: _Given) -> None:
    if len(text) > 128:
        raise Wrong("文号不超过 128 字", "expected a document number of at most 128 characters")
    document_numbers.parse(text)
    found["document_no"] = text


def _enterprise(text: str, found: dict[str, Any], _: _Given) -> None:
    value = even(text)
    if len(value) == 18 and _is_citizen(value):
        raise Wrong("是公民身份号码，不导入", "a citizen id, which is not taken over")
    if len(value.replace("-", "")) == 18:
        code = codes.parse_uscc(value)
        if code.masked:
            raise Wrong("信用代码被遮盖，不能核对", "the social credit code is masked: it names nobody")
        found["enterprise"] = code.value
        return
    found["enterprise"] = _ref(value)


def _party(text: str, found: dict[str, Any], _: _Given) -> None:
    name = names.parse(text)
    if name.masked or name.kind in ("person", "unclear"):
        raise _Person
    found["party"] = name.normal


def _amount(text: str, found: dict[str, Any], given: _Given) -> None:
    if _SCIENTIFIC.fullmatch(text):
        raise Wrong("科学计数法的数不是确数", "a number in scientific notation is not exact")
    unit = given.unit or given.place.unit
    if unit and unit not in money.UNITS:
        raise Wrong("金额单位应为 元、万元 或 亿元", "expected 元, 万元 or 亿元 as the unit of the amount")
    fen = money.exactly(text, unit=unit)
    if fen == 0 and given.plan.kind == "receipts":
        raise Wrong("票据金额为零", "a receipt over nothing")
    found["amount_fen"] = fen


def _officer(text: str, found: dict[str, Any], _: _Given) -> None:
    value = _ref(text)
    if not any(c.isascii() and c.isalnum() for c in value):
        raise _Person
    found["officer"] = value


def _agency(text: str, found: dict[str, Any], _: _Given) -> None:
    found["agency"] = _ref(text)


def _device(text: str, found: dict[str, Any], _: _Given) -> None:
    found["device"] = _ref(text)


def _until(text: str, found: dict[str, Any], _: _Given) -> None:
    found["until"] = _ref(text)


def _state(text: str, found: dict[str, Any], _: _Given) -> None:
    state = _STATES.get(even(text))
    if state is None:
        raise Wrong("应为 领用、交回 或 作废", "expected 领用 (given out), 交回 (given back) or 作废 (void)")
    if state != "issued":
        found["state"] = state


def _range(plan: Layout, number: int, found: Mapping[str, Any], wrong: list[Fault]) -> None:
    """Refuse what is no range of tickets: nothing is mended, because each number of it is held against the log."""
    if tickets.span(found["reference"], found["until"]) is None:
        most = tickets.MOST_IN_BOOK
        wrong.append(
            Fault(
                number, next(place.title for place in plan.places if place.field == "until"),
                f"起止号码应以数字结尾、前缀和位数相同、止号不小于起号，且一段不超过 {most} 份",
                f"expected two numbers that end in digits, with the same front and width, the first before the last, "
                f"and at most {most} tickets",
                found["until"][:MAX_SHOWN],
            )
        )  # fmt: skip


_STATES: Final[Mapping[str, TicketState]] = {
    "领用": "issued", "发放": "issued", "领取": "issued", "交回": "returned", "退回": "returned", "缴回": "returned",
    "缴销": "returned", "作废": "void", "遗失": "void", "销毁": "void",
}  # fmt: skip
"""What registers of tickets call the states of a range. A lost book is accounted for: someone told of it."""

_READ: Final[Mapping[LedgerField, Callable[[str, dict[str, Any], _Given], None]]] = {
    "reference": _reference,
    "on": _on,
    "act_on": _act_on,
    "document_no": _document_no,
    "enterprise": _enterprise,
    "party": _party,
    "amount": _amount,
    "officer": _officer,
    "agency": _agency,
    "device": _device,
    "until": _until,
    "state": _state,
}


def _ref(text: str) -> str:
    value = even(text)
    if len(value) > 120:
        raise Wrong("编号不超过 120 字", "expected at most 120 characters")
    if _SCIENTIFIC.fullmatch(value):
        raise Wrong(
            "编号成了科学计数法，末几位已经丢失：请以文本格式保存该列",
            "the number became scientific notation and lost its last digits: save the column as text",
        )
    if any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise Wrong("含有控制字符", "the text has control characters")
    if (len(value) == 18 and _is_citizen(value)) or (len(value) == 11 and _MOBILE.fullmatch(value)):
        raise Wrong("像是公民身份号码或手机号码，不导入", "it looks like a citizen id or a telephone number")
    return value


def _is_citizen(text: str) -> bool:
    try:
        return not codes.parse_citizen_id(text).masked
    except Refused:
        return False


@lru_cache(maxsize=20_000)
def _when(text: str, serial_off: int) -> tuple[datetime.date, int | None]:
    """The day of a cell, and the instant where it states a time. Raises Refused, Wrong."""
    whole = even(text)
    serial = _SERIAL.fullmatch(whole)
    if serial is not None:
        number = int(serial[1]) + serial_off
        if not _FIRST_SERIAL <= number <= _LAST_SERIAL:
            raise Wrong("日期应在 1990 年至 2100 年之间", "expected a date from 1990 to 2100")
        day = datetime.date(1899, 12, 30) + datetime.timedelta(days=number)
        if serial[2] is None:
            return day, None
        seconds = round(float(serial[2]) * 86_400)
        return day, _instant(day, min(seconds, 86_399))
    timed = _TIME.fullmatch(whole)
    if timed is None:
        return _day(whole), None
    day = _day(timed["day"])
    hour, minute, second = int(timed["h"]), int(timed["m"]), int(timed["s"] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise Wrong("时刻不在一天之内", "expected a time of day from 00:00 to 23:59")
    return day, _instant(day, hour * 3_600 + minute * 60 + second)


def _day(text: str) -> datetime.date:
    day = dates.parse(text)
    if not 1990 <= day.year <= 2100:
        raise Wrong("日期应在 1990 年至 2100 年之间", "expected a date from 1990 to 2100")
    return day


def _instant(day: datetime.date, seconds: int) -> int:
    midnight = datetime.datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return int(midnight.timestamp()) * 1000 + seconds * 1000


def _digest(found: Mapping[str, Any]) -> str:
    whole = "\n".join(f"{name}={found[name]}" for name in sorted(found))
    return sha256(whole.encode()).hexdigest()[:32]
