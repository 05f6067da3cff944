"""Registers that come as tables: enterprises, officers with their certificates, hazards that enterprises reported.

A table is a header and rows of text, as a spreadsheet has them; what comes out are acts of the office that are ready to
be recorded, or faults that name row, column, what was expected and what came. The invariant: nothing is mended or
guessed, and a personal value is neither taken over nor repeated in a fault.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from domain import codes
from domain.filing import text_of
from domain.import_columns import COLUMNS, Column, Kind, Wrong
from domain.printed import Refused
from schemas.events import REGISTRY, InvalidBody

MAX_SHOWN: Final = 60
"""Characters of a value that a fault repeats."""

_CITIZEN: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_MOBILE: Final = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
_NUMBERS: Final = frozenset(
    (
        "reference",
        "officer_id",
        "certificate_no",
        "enterprise_id",
        "replaces",
        "reviewer_number",
        "code",
        "agency",
        "item",
    )
)
"""Columns with numbers of registers, which may look like telephone numbers."""

PERSONAL: Final = {
    "姓名": "name", "法定代表人": "legal_rep", "电话": "phone", "联系电话": "phone", "手机": "phone",
    "身份证号": "id_number", "公民身份号码": "id_number", "住址": "home_address",
}  # fmt: skip
"""Columns with personal values: known, passed over, never read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a table. `row` counts from 1, the header's; `column` "" is the row as a whole."""

    row: int
    column: str
    zh: str
    en: str
    came: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """One act to be recorded. `origin` is that of its aggregate, the same in every run over the same row.

    `once`: other content under this origin is a fault, not a new version.
    """

    row: int
    type: str
    about: tuple[str, ...]
    body: Mapping[str, Any]
    origin: bytes
    once: bool = False


@dataclass(slots=True)
class Table:
    """What a table gives: acts in the order of its rows, faults, and what was passed over, once each."""

    acts: list[Planned] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    rows: int = 0


def read_table(
    kind: Kind, header: Sequence[str], rows: Iterable[Sequence[str]], *, system: str, authority: str
) -> Table:
    """Read a table of one kind. `system` names where it comes from; `authority` is whose log it goes to.

    Cells are text; an empty cell says nothing. Rows without any cell are passed over. A row with a fault gives no act.
    """
    table = Table()
    places = _places(kind, header, table)
    if table.faults:
        return table
    seen: dict[bytes, int] = {}
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        table.rows += 1
        found, wrong = _cells(places, number, row)
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            wrong.append(Fault(number, "", "单元格多于表头的列", "more cells than the header has columns"))
        if not wrong:
            try:
                acts = _BUILD[kind](number, found, system, authority, table)
            except Wrong as fault:
                acts = []
                wrong.append(Fault(number, "", fault.zh, fault.en))
            for act in acts:
                wrong += _checked(act)
            first = seen.setdefault(acts[0].origin, number) if acts else number
            if first != number:
                wrong.append(Fault(number, "", f"与第 {first} 行重复", f"the same as row {first}"))
            if not wrong:
                table.acts += acts
        table.faults += wrong
    if not table.rows and not table.faults:
        table.faults.append(Fault(2, "", "表头之下应有数据行", "expected rows below the header"))
    return table


def columns_of(kind: Kind) -> tuple[Column, ...]:
    """The columns that a table of a kind may have."""
    return COLUMNS[kind]


def named_id(*parts: str) -> bytes:
    """An id of 16 bytes that these names always give (UUID version 8, RFC 9562)."""
    raw = bytearray(sha256("\n".join(parts).encode()).digest()[:16])
    raw[6] = 0x80 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return bytes(raw)


def _places(kind: Kind, header: Sequence[str], table: Table) -> list[Column | None]:
    """The column at each place of the header. Faults go to row 1."""
    names = {name: column for column in COLUMNS[kind] for name in (column.name, *column.zh)}
    places: list[Column | None] = []
    for cell in header:
        title = cell.strip().lstrip("\ufeff")
        column = names.get(title) or names.get(title.lower())
        if column is not None and column in places:
            table.faults.append(Fault(1, title, "同一列出现了两次", "the same column twice"))
        if column is None and (title in PERSONAL or title.lower() in PERSONAL.values()):
            table.notes.append(Fault(1, title, "个人信息不导入，此列略过", "personal values are not taken over"))
        elif column is None and title:
            near = difflib.get_close_matches(title, names, n=2)
            table.faults.append(
                Fault(
                    1,
                    title[:MAX_SHOWN],
                    "没有这一列" + (f"，是否为 {'、'.join(near)}" if near else ""),
                    "there is no such column" + (f": did you mean {' or '.join(near)}?" if near else ""),
                )
            )
        places.append(column)
    for column in COLUMNS[kind]:
        if column.needed and column not in places:
            table.faults.append(
                Fault(1, column.zh[0], "缺少这一列", f"expected a column {column.zh[0]} ({column.name})")
            )
    return places


def _cells(places: Sequence[Column | None], number: int, row: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
    found: dict[str, Any] = {}
    wrong: list[Fault] = []
    for place, column in enumerate(places):
        if column is None:
            continue
        cell = row[place].strip() if place < len(row) else ""
        if not cell:
            if column.needed:
                wrong.append(Fault(number, column.zh[0], "此列必填", "this column must not be empty"))
            continue
        if personal(column, cell):
            wrong.append(
                Fault(
                    number,
                    column.zh[0],
                    "内容含公民身份号码或手机号码，不得写入",
                    "the cell holds a citizen id or a telephone number: take it out",
                )
            )
            continue
        try:
            found[column.name] = column.read(cell)
        except (Refused, Wrong) as fault:
            wrong.append(Fault(number, column.zh[0], fault.zh, fault.en, cell[:MAX_SHOWN]))
    return found, wrong


def personal(column: Column, cell: str) -> bool:
    """Whether a cell holds a whole citizen id, or a mobile number where no register's number stands."""
    if column.name == "uscc":
        return False
    if column.name not in _NUMBERS and _MOBILE.search(cell):
        return True
    for found in _CITIZEN.findall(cell):
        try:
            if not codes.parse_citizen_id(found).masked:
                return True
        except Refused:
            continue
    return False


def _checked(act: Planned) -> list[Fault]:
    """What the type itself refuses, so that nothing goes into the log that cannot be read there."""
    try:
        REGISTRY.decode_body(act.type, dict(act.body))
    except InvalidBody as fault:
        return [Fault(act.row, "", "内容不符合事件类型的要求", str(fault))]
    return []


def _act(
    row: int, type_name: str, about: Iterable[str], body: Mapping[str, Any], system: str, reference: str, *,
    key: Sequence[str], once: bool = False,
) -> Planned:  # fmt: skip
    whole = {**body, "import": {"system": system, "reference": reference}}
    return Planned(row, type_name, tuple(sorted(set(about))), whole, named_id("import", type_name, *key), once)


# What each kind makes of a row


def _enterprise(row: int, cells: dict[str, Any], system: str, authority: str, table: Table) -> list[Planned]:
    code: codes.Code | None = cells.pop("uscc", None)
    if code is not None and code.masked:
        table.notes.append(
            Fault(
                row, "统一社会信用代码", "代码有遮盖，不作为代码记录", "the code is masked and is not taken over as one"
            )
        )
    name = cells.pop("enterprise_id", None) or (code.value if code is not None and not code.masked else None)
    if name is None:
        raise Wrong(
            "应有单位编号，或完整（未遮盖）的统一社会信用代码",
            "expected an enterprise id, or a whole social credit code",
        )
    supervision: dict[str, Any] = {key: cells.pop(key) for key in ("agency", "level", "valid_from") if key in cells}
    body: dict[str, Any] = {"enterprise_id": name, "name": cells.pop("name")}
    if code is not None and not code.masked:
        body["uscc"] = code.value
    body |= _standing_of(cells) | _point_of(cells)
    if "industry" in cells:
        place: codes.Industry = cells.pop("industry")
        body["industry"] = {"code": f"{place.section}{place.digits}"}
    body |= cells
    about = [f"enterprise:{name}"]
    acts = [_act(row, "enterprise.profiled.v1", about, body, system, name, key=[authority, name])]
    if supervision:
        if set(supervision) != {"agency", "level", "valid_from"}:
            raise Wrong(
                "监管主体、监管层级、监管起始日期应当一并填写",
                "supervising body, level and first day belong together: give all three or none",
            )
        whole: dict[str, Any] = {"enterprise_id": name, **supervision}
        key = [authority, name, supervision["agency"], supervision["valid_from"]]
        acts.append(_act(row, "supervising_body.assigned.v1", about, whole, system, name, key=key))
    return acts


def _officer(row: int, cells: dict[str, Any], system: str, authority: str, _table: Table) -> list[Planned]:
    officer, number = cells["officer_id"], cells["certificate_no"]
    status, since = cells.pop("status", "active"), cells.pop("status_on", None)
    if cells["valid_to"] < cells["valid_from"]:
        raise Wrong("有效期止不应早于有效期起", "the last day of validity is before the first")
    names = ("number", "obtained_on", "first_review_on", "grandfathered")
    qualification = {name: cells.pop(f"reviewer_{name}") for name in names if f"reviewer_{name}" in cells}
    if qualification:
        cells["reviewer_qualification"] = qualification
    about = [f"officer:{officer}"]
    key = [authority, officer, number]
    acts = [_act(row, "officer_certificate.recorded.v1", about, cells, system, number, key=key)]
    if status != "active":
        if since is None:
            raise Wrong("状态不是有效的，应填状态日期", "a state other than valid needs the day from which it holds")
        change = {
            "officer_id": officer, "certificate_no": number, "status": status, "effective_on": since,
            "reason": f"按{system}登记",
        }  # fmt: skip
        acts.append(
            _act(row, "officer_certificate.status_changed.v1", about, change, system, number, key=[*key, status, since])
        )
    return acts


def _hazard(row: int, cells: dict[str, Any], system: str, authority: str, _table: Table) -> list[Planned]:
    code: codes.Code | None = cells.pop("uscc", None)
    name = cells.pop("enterprise_id", None) or (code.value if code is not None and not code.masked else None)
    if name is None:
        raise Wrong(
            "应有单位编号，或完整（未遮盖）的统一社会信用代码",
            "expected an enterprise id, or a whole social credit code",
        )
    reference = cells.pop("reference")
    hazard = named_id("hazard", authority, system, name, reference)
    body = {"hazard_id": hazard, "enterprise_id": name, "origin": "enterprise_report", **cells}
    about = [f"enterprise:{name}", f"hazard:{text_of(hazard)}"]
    key = [authority, system, name, reference]
    return [_act(row, "hazard.found.v1", about, body, system, reference, key=key, once=True)]


_BUILD: Final[Mapping[Kind, Callable[[int, dict[str, Any], str, str, Table], list[Planned]]]] = {
    "enterprises": _enterprise,
    "officers": _officer,
    "hazards": _hazard,
}


def _standing_of(cells: dict[str, Any]) -> dict[str, Any]:
    grade, until = cells.pop("standardisation", None), cells.pop("standardisation_to", None)
    if grade is None:
        if until is not None:
            raise Wrong("填了标准化有效期，应填标准化等级", "a day of standardisation needs its grade")
        return {}
    found: dict[str, Any] = {"grade": grade}
    if until is not None:
        found["valid_to"] = until
    return {"standardisation": found}


def _point_of(cells: dict[str, Any]) -> dict[str, Any]:
    lat, lon = cells.pop("lat", None), cells.pop("lon", None)
    if (lat is None) != (lon is None):
        raise Wrong("纬度和经度应当一并填写", "latitude and longitude belong together: give both or none")
    return {} if lat is None else {"point": {"lat": lat, "lon": lon}}
