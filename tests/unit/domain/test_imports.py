from __future__ import annotations

from typing import Any

import pytest

from domain.import_columns import KINDS, Kind
from domain.imports import Planned, Table, columns_of, read_table
from schemas.events import REGISTRY

USCC = "91210500MA0TEX018W"
GOOD: dict[Kind, dict[str, str]] = {
    "enterprises": {"单位名称": "示例一厂", "统一社会信用代码": USCC},
    "officers": {
        "执法人员编号": "officer-0017", "执法证号": "辽E-0001", "发证机关": "本溪市人民政府",
        "有效期起": "2025年1月1日", "有效期止": "2027/12/31",
    },
    "hazards": {
        "隐患编号": "Y-1", "统一社会信用代码": USCC, "隐患等级": "重大",
        "隐患描述": "可燃气体报警器失效", "发现日期": "2026-03-02",
    },
}  # fmt: skip


def read(kind: Kind, *rows: dict[str, str], system: str = "平台") -> Table:
    """A table whose rows are `GOOD` with some cells changed; the header has every column named."""
    header = list(dict.fromkeys([*GOOD[kind], *(name for row in rows for name in row)]))
    cells = [[{**GOOD[kind], **row}.get(name, "") for name in header] for row in rows]
    return read_table(kind, header, cells, system=system, authority="210500")


def one(kind: Kind, **cells: str) -> Planned:
    table = read(kind, cells)
    assert table.faults == []
    [act] = table.acts
    return act


def test_a_row_becomes_an_act_that_says_where_it_came_from() -> None:
    act = one("enterprises")
    assert (act.type, act.about, act.row) == ("enterprise.profiled.v1", (f"enterprise:{USCC}",), 2)
    assert act.body == {
        "enterprise_id": USCC, "uscc": USCC, "name": "示例一厂", "import": {"system": "平台", "reference": USCC},
    }  # fmt: skip
    hazard = one("hazards", 是否双报告="是")
    assert hazard.body["origin"] == "enterprise_report"
    assert (hazard.body["found_on"], hazard.body["reported_to_workers"], hazard.once) == ("2026-03-02", True, True)
    officer = one("officers", 执法类别="安全生产、应急管理", 首次审核日期="2017-05-01")
    assert officer.body["categories"] == ["安全生产", "应急管理"]
    assert officer.body["reviewer_qualification"] == {"first_review_on": "2017-05-01"}
    assert (officer.body["valid_from"], officer.body["valid_to"]) == ("2025-01-01", "2027-12-31")


def test_all_columns_of_an_enterprise_are_read() -> None:
    table = read(
        "enterprises",
        {
            "行政区划代码": "210502", "行业代码": "C2614", "企业规模": "小型", "风险等级": "较大", "标准化等级": "二级",
            "标准化有效期": "2027-06-30", "纬度": "41.2934567", "经度": "123.77", "年度检查频次上限": "2",
            "检查周期": "12",
            "经营状态": "在营", "监管主体": "210502", "监管层级": "县级", "监管起始日期": "2025-01-01",
        },
    )  # fmt: skip
    assert table.faults == []
    profile, body = table.acts
    assert profile.body["standardisation"] == {"grade": 2, "valid_to": "2027-06-30"}
    assert profile.body["point"] == {"lat": 412_934_567, "lon": 1_237_700_000}
    assert (profile.body["size"], profile.body["risk_grade"], profile.body["industry"]) == (
        "small",
        "larger",
        {"code": "C2614"},
    )
    assert body.type == "supervising_body.assigned.v1"
    assert (body.body["agency"], body.body["level"], body.body["valid_from"]) == ("210502", "county", "2025-01-01")
    assert profile.origin != body.origin


def test_a_certificate_that_is_not_valid_is_followed_by_its_state() -> None:
    table = read("officers", {"状态": "暂扣", "状态日期": "2026-03-01"})
    assert [act.type for act in table.acts] == [
        "officer_certificate.recorded.v1",
        "officer_certificate.status_changed.v1",
    ]
    assert table.acts[1].body["status"] == "suspended"
    assert len(read("officers", {"状态": "有效"}).acts) == 1


@pytest.mark.parametrize(
    ("kind", "cells", "column", "said", "came"),
    [
        ("enterprises", {"单位名称": " "}, "单位名称", "must not be empty", ""),
        ("enterprises", {"统一社会信用代码": "91210500MA0TEX018X"}, "统一社会信用代码", "check character",
         "91210500MA0TEX018X"),
        ("enterprises", {"统一社会信用代码": "9121050MA0TEX018W"}, "统一社会信用代码", "", "9121050MA0TEX018W"),
        ("enterprises", {"行政区划代码": "2105"}, "行政区划代码", "six digits", "2105"),
        ("enterprises", {"风险等级": "高"}, "风险等级", "one of major, larger, general, low", "高"),
        ("enterprises", {"年度检查频次上限": "二"}, "年度检查频次上限", "whole number from 0 to 365", "二"),
        ("enterprises", {"标准化等级": "五级"}, "标准化等级", "from 1 to 4", "五级"),
        ("enterprises", {"纬度": "41,29", "经度": "123"}, "纬度", "decimal degrees", "41,29"),
        ("enterprises", {"纬度": "91", "经度": "123"}, "纬度", "-90 to 90", "91"),
        ("enterprises", {"纬度": "41"}, "", "both or none", ""),
        ("enterprises", {"监管主体": "210502"}, "", "all three or none", ""),
        ("enterprises", {"标准化有效期": "2027-06-30"}, "", "needs its grade", ""),
        ("enterprises", {"单位编号": "a:b"}, "单位编号", "without a colon", "a:b"),
        ("enterprises", {"地址": "一\x07号"}, "地址", "control characters", "一\x07号"),
        ("officers", {"有效期止": "2024-12-31"}, "", "before the first", ""),
        ("officers", {"有效期起": "2025年"}, "有效期起", "", "2025年"),
        ("officers", {"有效期起": "2025-02-30"}, "有效期起", "", "2025-02-30"),
        ("officers", {"执法证号": "1" * 31}, "执法证号", "", "1" * 31),
        ("officers", {"状态": "暂扣"}, "", "needs the day", ""),
        ("hazards", {"隐患等级": "特大"}, "隐患等级", "one of general, major", "特大"),
        ("hazards", {"是否双报告": "大概"}, "是否向职工代表大会报告", "yes or no", "大概"),
        ("hazards", {"统一社会信用代码": ""}, "", "a whole social credit code", ""),
    ],
)  # fmt: skip
def test_a_fault_names_row_column_what_was_expected_and_what_came(
    kind: Kind, cells: dict[str, str], column: str, said: str, came: str
) -> None:
    table = read(kind, {}, cells) if kind != "hazards" else read(kind, {}, {"隐患编号": "Y-2", **cells})
    faults = [fault for fault in table.faults if fault.row == 3]
    assert [(fault.column, fault.came) for fault in faults if "row 2" not in fault.en] == [(column, came)]
    assert said in faults[0].en
    assert faults[0].zh
    # The row without a fault is still there, the other gives nothing.
    assert {act.row for act in table.acts} == {2}


def test_a_masked_code_is_recognised_as_masked_and_never_a_bad_checksum() -> None:
    table = read("enterprises", {"统一社会信用代码": "91210500****EX018W", "单位编号": "Q-1"})
    assert table.faults == []
    assert [note.en for note in table.notes] == ["the code is masked and is not taken over as one"]
    assert "uscc" not in table.acts[0].body
    nameless = read("enterprises", {"统一社会信用代码": "91210500****EX018W"})
    assert nameless.acts == []
    assert "whole social credit code" in nameless.faults[0].en
    assert all("check" not in fault.en for fault in nameless.faults)


def test_personal_columns_are_passed_over_and_never_repeated() -> None:
    secret = "210502199001011234"
    table = read("officers", {"姓名": "林某", "身份证号": secret, "电话": "13900000000", "执法证号": "1" * 31})
    assert {note.column for note in table.notes} == {"姓名", "身份证号", "电话"}
    assert secret not in repr(table)
    assert "13900000000" not in repr(table)
    assert "林某" not in repr(table)


def test_personal_values_in_other_columns_are_refused_and_never_repeated() -> None:
    """The standard's own sample of a citizen id; a mobile number of no network."""
    for cells in (
        {"隐患描述": "联系人 11010519491231002X，报警器失效"},
        {"部位": "车间门口，电话 13000000000"},
        {"隐患编号": "11010519491231002X"},
    ):
        table = read("hazards", cells)
        assert [fault.en for fault in table.faults] == [
            "the cell holds a citizen id or a telephone number: take it out"
        ]
        assert not table.acts
        assert next(iter(cells.values())) not in repr(table)
    # A number of a register may have as many digits as a telephone number.
    assert read("hazards", {"隐患编号": "13000000000"}).faults == []


def test_headers_are_checked_before_any_row() -> None:
    missing = read_table("officers", ["执法证号"], [["x"]], system="s", authority="1")
    assert {fault.column for fault in missing.faults} == {"执法人员编号", "发证机关", "有效期起", "有效期止"}
    twice = read_table("enterprises", ["单位名称", "企业名称"], [], system="s", authority="1")
    assert [fault.en for fault in twice.faults] == ["the same column twice"]
    odd = read_table("enterprises", ["单位名称", "风险等及"], [], system="s", authority="1")
    assert "风险等级" in odd.faults[0].en
    none = read_table("enterprises", ["单位名称"], [[""]], system="s", authority="1")
    assert [fault.en for fault in none.faults] == ["expected rows below the header"]
    wide = read_table("enterprises", ["单位编号", "name"], [["Q", "n", "more"]], system="s", authority="1")
    assert [fault.en for fault in wide.faults] == ["more cells than the header has columns"]


def test_the_same_row_gives_the_same_origin_and_twice_in_a_file_is_a_fault() -> None:
    first, again = one("hazards"), one("hazards")
    assert (first.origin, first.body) == (again.origin, again.body)
    assert one("hazards", 隐患编号="Y-2").origin != first.origin
    assert one("hazards", 单位编号="Q-9").body["hazard_id"] != first.body["hazard_id"]
    table = read("hazards", {}, {})
    assert [(fault.row, fault.en) for fault in table.faults] == [(3, "the same as row 2")]


def test_english_headers_and_a_byte_order_mark_are_read() -> None:
    table = read_table(
        "enterprises", ["\ufeffenterprise_id", "Name", "RISK_GRADE"], [["Q", "n", "major"]], system="s", authority="1"
    )
    assert table.faults == []
    assert table.acts[0].body["risk_grade"] == "major"


def test_every_planned_act_can_be_read_back() -> None:
    for kind in KINDS:
        acts: list[Any] = read(kind, {}).acts
        assert acts
        for act in acts:
            REGISTRY.decode_body(act.type, dict(act.body))
        assert {column.zh[0] for column in columns_of(kind) if column.needed} <= set(GOOD[kind])
