"""The columns that imported tables may have: how each is called, and how one of its cells is read.

Names stand in both languages, since tables come from many offices. The invariant: a cell is read whole or refused with
what was expected; no reader mends a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from domain import codes, dates
from domain.printed import Refused, close, even

Kind: TypeAlias = Literal["enterprises", "officers", "hazards"]
KINDS: Final = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name on the wire, how it is printed, how a cell is read, whether it must be there."""

    name: str
    zh: tuple[str, ...]
    read: Callable[[str], Any]
    needed: bool = False

    def expected(self) -> Wrong | Refused | None:
        """What a cell must be, as a cell that is none is told; None where any text will do."""
        if self.read is _date:
            return Wrong("日期，如 2026-03-02", "a date such as 2026-03-02")
        try:
            self.read("x")
        except (Wrong, Refused) as fault:
            return fault
        return None


class Wrong(ValueError):
    """A cell or a row that is not as expected; the value itself is not repeated."""

    def __init__(self, zh: str, en: str) -> None:
        """Both sentences."""
        super().__init__(en)
        self.zh, self.en = zh, en


Cell: TypeAlias = str | Wrong
"""What a file gives for a cell: its text, or why there is none that is certain (a formula, a merged cell)."""


def text(most: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > most:
            raise Wrong(f"应不超过 {most} 字", f"expected at most {most} characters")
        if any(ord(letter) < 32 for letter in cell.replace("\n", "").replace("\t", "").replace("\r", "")):
            raise Wrong("含有控制字符", "the text has control characters")
        return cell

    return read


def reference(cell: str) -> str:
    value = even(cell)
    if len(value) > 128 or ":" in value:
        raise Wrong("编号应不超过 128 字，且不含冒号", "expected an id of at most 128 characters without a colon")
    return value


def _date(cell: str) -> str:
    return dates.parse(cell).isoformat()


def one_of(zh: str, **values: str) -> Callable[[str], str]:
    """One of some words, each with what it may be called, the usual word first."""
    known = {name: name for name in values} | {
        called: name for name, words in values.items() for called in words.split()
    }
    printed = "、".join(words.split()[0] for words in values.values())

    def read(cell: str) -> str:
        found = known.get(close(cell)) or known.get(close(cell).lower())
        if found is None:
            raise Wrong(f"{zh}应为 {printed}", f"expected one of {', '.join(values)}")
        return found

    return read


def _yes(cell: str) -> bool:
    word = close(cell).lower()
    if word in ("是", "有", "yes", "true", "1"):
        return True
    if word in ("否", "无", "no", "false", "0"):
        return False
    raise Wrong("应为 是 或 否", "expected yes or no")


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        text = close(cell)
        if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
            raise Wrong(f"应为 {least} 到 {most} 的整数", f"expected a whole number from {least} to {most}")
        return int(text)

    return read


def _degrees(most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        text = close(cell)
        sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
        whole, _, rest = digits.partition(".")
        if not (
            whole.isascii()
            and whole.isdigit()
            and len(whole) <= 3
            and (not rest or (rest.isascii() and rest.isdigit()))
        ):
            raise Wrong("应为十进制度数，如 41.2934567", "expected decimal degrees such as 41.2934567")
        value = sign * (int(whole) * 10_000_000 + int((rest + "0000000")[:7]))
        if abs(value) > most * 10_000_000:
            raise Wrong(f"应在 -{most} 到 {most} 度之间", f"expected -{most} to {most} degrees")
        return value

    return read


def _grade(cell: str) -> int:
    word = close(cell)
    for number, words in enumerate((("1", "一级", "壹级"), ("2", "二级"), ("3", "三级"), ("4", "四级")), 1):
        if word in words:
            return number
    raise Wrong("标准化等级应为 一级 至 四级", "expected a grade from 1 to 4")


def listed(cell: str) -> list[str]:
    found = [
        part.strip()
        for part in cell.replace("，", ",").replace("、", ",").replace(";", ",").replace("；", ",").split(",")
    ]
    found = [part for part in found if part]
    if not 1 <= len(found) <= 32 or any(len(part) > 128 for part in found):
        raise Wrong("应为 1 到 32 项，用顿号分开", "expected 1 to 32 items with commas between them")
    return found


_LEVELS: Final = one_of(
    "监管层级", county="县级 区级 县区级", prefecture="市级 地市级", province="省级", state="国家级"
)
_GRADES: Final = one_of("隐患等级", general="一般 一般隐患", major="重大 重大隐患")
COLUMNS: Final[Mapping[Kind, tuple[Column, ...]]] = {
    "enterprises": (
        Column("enterprise_id", ("单位编号", "企业编号"), reference),
        Column("uscc", ("统一社会信用代码", "信用代码"), codes.parse_uscc),
        Column("name", ("单位名称", "企业名称", "名称"), text(128), needed=True),
        Column("address", ("地址", "生产经营地址"), text(500)),
        Column("division", ("行政区划代码", "行政区划"), codes.parse_division),
        Column("industry", ("行业代码", "行业"), codes.parse_industry),
        Column("ownership", ("所有制", "经济类型"), text(128)),
        Column(
            "size",
            ("企业规模", "规模"),
            one_of("企业规模", large="大型 大", medium="中型 中", small="小型 小", micro="微型 微"),
        ),
        Column(
            "risk_grade",
            ("风险等级", "安全风险等级"),
            one_of(
                "风险等级", major="重大 红", larger="较大 橙", general="一般 黄", low="低 蓝 低风险"
            ),
        ),
        Column("standardisation", ("标准化等级", "安全标准化等级"), _grade),
        Column("standardisation_to", ("标准化有效期", "标准化有效期止"), _date),
        Column("lat", ("纬度",), _degrees(90)),
        Column("lon", ("经度",), _degrees(180)),
        Column("yearly_cap", ("年度检查频次上限", "检查频次上限"), _number(0, 365)),
        Column("inspection_months", ("检查周期", "检查周期（月）"), _number(1, 120)),
        Column(
            "status",
            ("经营状态", "状态"),
            one_of(
                "经营状态", operating="在营 正常 生产", suspended="停产 停业", closed="关闭 注销", moved="搬迁"
            ),
        ),
        Column("effective_on", ("生效日期", "建档日期"), _date),
        Column("agency", ("监管主体", "监管机关"), reference),
        Column("level", ("监管层级",), _LEVELS),
        Column("valid_from", ("监管起始日期",), _date),
    ),
    "officers": (
        Column("officer_id", ("执法人员编号", "人员编号"), reference, needed=True),
        Column("certificate_no", ("执法证号", "证件号码"), codes.parse_certificate_no, needed=True),
        Column("issuer", ("发证机关",), text(128), needed=True),
        Column("valid_from", ("有效期起", "发证日期"), _date, needed=True),
        Column("valid_to", ("有效期止", "有效期至"), _date, needed=True),
        Column("categories", ("执法类别", "执法领域"), listed),
        Column("unit", ("所在单位", "单位"), text(128)),
        Column(
            "unit_role",
            ("单位职责",),
            one_of("单位职责", enforcement="执法 执法机构", legal="法制 法制机构", other="其他"),
        ),
        Column("replaces", ("被换发的证号", "原证号"), codes.parse_certificate_no),
        Column(
            "status",
            ("状态", "证件状态"),
            one_of(
                "状态", active="有效 正常", suspended="暂扣", revoked="吊销", withdrawn="收回 注销", expired="到期"
            ),
        ),
        Column("status_on", ("状态日期", "状态生效日期"), _date),
        Column("reviewer_number", ("法律职业资格证号",), reference),
        Column("reviewer_obtained_on", ("法律职业资格取得日期",), _date),
        Column("reviewer_first_review_on", ("首次审核日期",), _date),
        Column("reviewer_grandfathered", ("是否规定前已从事审核",), _yes),
    ),
    "hazards": (
        Column("reference", ("隐患编号", "编号"), reference, needed=True),
        Column("enterprise_id", ("单位编号", "企业编号"), reference),
        Column("uscc", ("统一社会信用代码", "信用代码"), codes.parse_uscc),
        Column("grade", ("隐患等级", "等级"), _GRADES, needed=True),
        Column("description", ("隐患描述", "描述"), text(10_000), needed=True),
        Column("location", ("部位", "隐患部位"), text(500)),
        Column("code", ("隐患分类代码", "分类代码"), reference),
        Column("clause", ("违反条款", "依据条款"), text(500)),
        Column("found_on", ("发现日期",), _date, needed=True),
        Column("reported_to_workers", ("是否向职工代表大会报告", "是否双报告"), _yes),
    ),
}  # fmt: skip
