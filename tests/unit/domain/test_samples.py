"""Every value of the published samples is accepted, or refused with a reason that is expected here; none is guessed.

Where a sample gives the value that a person read beside the printed one, the reader must come to the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain import codes, dates, document_numbers, money, plan_arithmetic, thresholds, tiers
from domain.dates import Partial
from domain.printed import Refused
from tests.support.shared import samples


def outcome(read: Callable[[str], Any], printed: str) -> Any:
    """What the reader gives, or the code of its refusal."""
    try:
        return read(printed)
    except Refused as refused:
        return refused.code


def strings(value: Any, wanted: Callable[[str], bool], key: str = "") -> list[tuple[str, str]]:
    """(key, text) of every string under a key that is wanted."""
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in strings(item, wanted, name)]
    if isinstance(value, list):
        return [found for item in value for found in strings(item, wanted, key)]
    return [(key, value)] if isinstance(value, str) and wanted(key) else []


def everything() -> list[dict[str, Any]]:
    names = ("annual_stats", "blacklist_hazards", "calendar", "discretion", "penalties", "plans", "review_catalogue")
    return [row for name in names for row in samples(name)]


NUMBER_KEYS = {
    "decision_number", "decision_number_as_printed", "prior_notice_number", "document_number", "superseded_in_part",
    "evidence_documents", "cited", "legal_basis_number",
}  # fmt: skip
REFUSED_NUMBERS = {"(葫)应急罚【202019002号": "glued"}


def test_document_numbers() -> None:
    seen = 0
    for _, printed in strings(everything(), NUMBER_KEYS.__contains__):
        seen += 1
        found = outcome(document_numbers.parse, printed)
        if printed in REFUSED_NUMBERS:
            assert found == REFUSED_NUMBERS[printed], printed
        else:
            assert isinstance(found, document_numbers.DocumentNumber), (printed, found)
            assert found.printed == printed
            assert str(found.year) in printed
            assert str(found.sequence) in printed
    assert seen >= 15
    for row in samples("penalties"):
        if "decision_number_as_printed" in row and "decision_number" in row:
            printed, normal = row["decision_number_as_printed"], row["decision_number"]
            assert document_numbers.parse(printed).parts == document_numbers.parse(normal).parts


EXPECTED_MONEY = {
    "分别…人民币1万元": "several_parties",
    "426.2万次": "not_an_amount",
    "12.1万次": "not_an_amount",
    "4400.5万余元": ("more_than", 4_400_500_000),
    "约1,200万元": ("about", 1_200_000_000),
}


def test_money() -> None:
    seen = 0
    is_text = {"fine_text", "fines_text", "pre_accident_fines_text", "loss_text", "inspections_text", "penalties_text"}
    for key, printed in strings(everything(), is_text.__contains__):
        seen += 1
        found = outcome(money.parse, printed)
        if printed in EXPECTED_MONEY:
            got = (found.sense, found.fen) if isinstance(found, money.Amount) else found
            assert got == EXPECTED_MONEY[printed], printed
        else:
            assert isinstance(found, money.Amount), (key, printed, found)
            assert found.exact, printed
    assert seen >= 20
    for row in samples("penalties"):
        if "fine_text" in row and row["fine_text"] not in EXPECTED_MONEY:
            assert money.exactly(row["fine_text"]) == int(Decimal(str(row["fine_yuan"])) * 100), row["fine_text"]
    for row in samples("annual_stats"):
        for key, value in row.items():
            if key.endswith("_wan"):
                assert money.exactly(str(value), unit="万元") == int(Decimal(str(value)) * 1_000_000), key


REFUSED_DATES = {"202283日": "run_together", "20202111950分左右": "run_together"}
PARTIAL_DATES = {"9月2日": Partial(None, 9, 2)}


def test_dates() -> None:
    seen = 0
    for key, printed in strings(everything(), lambda key: "date" in key or key.endswith("_month")):
        if key in ("effective_date_note", "updated"):
            continue
        seen += 1
        found = outcome(dates.read, printed)
        if printed in REFUSED_DATES:
            assert found == REFUSED_DATES[printed]
        elif printed in PARTIAL_DATES:
            assert found == PARTIAL_DATES[printed]
        elif len(printed) == 7:
            assert found == Partial(int(printed[:4]), int(printed[5:])), printed
        else:
            assert isinstance(found, date), (key, printed, found)
    assert seen >= 40
    for row in samples("penalties"):
        printed = row.get("inspection_date_as_printed")
        if printed is not None and printed not in REFUSED_DATES:
            assert dates.parse(printed) == date.fromisoformat(row["inspection_date"])


@pytest.mark.parametrize("period", ["2018H1", "2025Q1", "2020-01..04", "2020-08起一年", "今年1-11月份(年份不在摘录内)"])
def test_a_period_is_no_date(period: str) -> None:
    rows = [row for row in everything() if period in (row.get("period"), row.get("period_text"))]
    assert rows, "the samples have this period"
    assert outcome(dates.read, period) in ("period", "range")


def test_spans_of_the_calendars() -> None:
    seen = 0
    for row in samples("calendar"):
        for printed in row.get("holiday_ranges", ()):
            first, last = dates.parse_span(printed, row["year"])
            assert first <= last
            assert last.year == row["year"]
            seen += 1
        for printed in row.get("makeup_workdays", ()):
            assert dates.parse(printed).year == row["year"]
    assert seen >= 45


def test_social_credit_codes() -> None:
    found = [printed for _, printed in strings(everything(), "uscc".__eq__)]
    assert found
    for printed in found:
        assert codes.parse_uscc(printed) == codes.Code(printed)


EXPECTED_CATALOGUE = {True: thresholds.Threshold, False: thresholds.Threshold, "not_stated": Refused}


def test_thresholds_of_review_catalogues() -> None:
    seen = 0
    for row in samples("review_catalogue"):
        for column, found in thresholds.read_row(row).items():
            seen += 1
            assert isinstance(found, EXPECTED_CATALOGUE[row["inclusive"]]), column
            if isinstance(found, thresholds.Threshold):
                assert (found.fen, found.inclusive) == (row[column] * 100, row["inclusive"])
            else:
                assert found.code == "inclusive_not_stated"
    assert seen == 9


def test_tiers_of_discretion_benchmarks() -> None:
    refused = []
    for row in samples("discretion"):
        found = outcome(tiers.read_row, row)
        if isinstance(found, str):
            refused.append((row["condition"], found))
        else:
            assert isinstance(found, tiers.Tier)
            assert found.fines or found.kinds or found.income_percent
    assert refused == [("未定期演练", "no_penalty"), ("200(比较符丢失)", "sign_lost")]


def test_arithmetic_of_plans() -> None:
    seen = 0
    for row in samples("plans"):
        if row.get("kind") == "completion_report" or row.get("no_arithmetic_in_excerpt"):
            continue
        seen += 1
        wrong = plan_arithmetic.misfits(plan_arithmetic.check(plan_arithmetic.read_plan(row)))
        if row["arithmetic_ok"]:
            assert wrong == []
        else:
            assert {(each.name, str(each.given)) for each in wrong} == {
                ("share of other", "52.2"), ("share of non", "27.0"), ("share of inspection", "20.9"),
            }  # fmt: skip
    assert seen == 2
    done = next(row for row in samples("plans") if "key_visits_done" in row)
    assert plan_arithmetic.total(
        "visits", [done["key_visits_done"], done["general_visits_done"]], done["inspections_total"]
    ).fits
    share = plan_arithmetic.share("key", done["key_visits_done"], done["key_visits_planned"], Decimal(103))
    assert (share.fits, share.reading) == (True, "rounded")


def test_sums_of_annual_statistics() -> None:
    seen = 0
    for row in samples("annual_stats"):
        if not row.get("sums_ok"):
            continue
        for whole, parts in (
            ("units_inspected", "units_by_sector"),
            ("penalties", "penalties_by_sector"),
            ("suspended_units", "suspended_by_sector"),
            ("illegal_units", "by_kind"),
            ("penalties", "penalties_by_kind"),
        ):
            if whole in row and parts in row:
                seen += 1
                assert plan_arithmetic.total(parts, list(row[parts].values()), row[whole]).fits, (
                    row["authority"],
                    parts,
                )
    assert seen == 5
    for row in samples("annual_stats"):
        for key, value in row.items():
            if key.endswith("_percent"):
                assert plan_arithmetic.percent(str(value)) == Decimal(str(value))
