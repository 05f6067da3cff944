"""What is published of a decision: the 28 columns in order, amounts in fen, persons masked, dates of the release."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import pytest

from domain.publication import (
    ENDS,
    NothingToPublish,
    add_months,
    codes_of,
    commitments,
    document,
    on_day,
    propose,
    tombstone,
)
from domain.rulebook import NoRule, Rulebook
from projections.layouts import load
from schemas.published_document import Document, read
from tests.support.cases import CASE, CLAUSES, FACTS, NUMBER, REMEDIES, story
from tests.support.facts import ENTERPRISE, RULES, fact, matter, rule
from tests.support.vector_parts import digest

TODAY = datetime.date(2026, 4, 9)
NAME = digest("a person's name")
BOSS = digest("the name of who represents it")


def rules(**more: Any) -> Rulebook:
    named = {"agency.name": "示例市应急管理局", "agency.uscc": "11210500MB0000000X", **more}
    return RULES.with_rules([rule(key, value, authority="210500") for key, value in named.items()])


def proposal(*, party: dict[str, Any] | None = None, edits: dict[str, str] | None = None, **changes: Any) -> Any:
    facts = story(until="served", **({"filed": {"party": party}} if party else {}), **changes)
    profile = fact(
        "enterprise.profiled.v1",
        {
            "enterprise_id": ENTERPRISE, "name": "示例制造有限公司", "effective_on": "2025-01-01",
            "principals": [{"role": "legal_representative", "person_name": BOSS}, {"role": "contact", "phone": NAME}],
        },
        occurred="2025-01-02",
    )  # fmt: skip
    case = matter("case", CASE, facts, others={f"enterprise:{ENTERPRISE}": [profile]}, rules=rules())
    decision = next(one.id for one in facts if one.type == "penalty.decided.v1")
    names = {NAME: "张三丰", BOSS: "欧阳示例"}
    known = {one: names[one] for one in commitments(case, decision) if one in names}
    return propose(case, decision, load(), TODAY, known, edits)


def test_the_columns_of_an_organisation_are_made_of_its_decision() -> None:
    made = document(proposal(), bytes(16), TODAY, 36)
    assert [one.code for one in made.fields] == [one.code for one in load()[0].columns]
    assert len(made.fields) == 28
    values = {one.code: made.value(one.code) for one in made.fields}
    assert values["CF_XDR_MC"] == "示例制造有限公司"
    assert values["CF_XDR_LB"] == "法人及非法人组织"
    assert values["CF_FRDB"] == "欧＊＊＊"
    assert (values["CF_WSH"], values["CF_SY"], values["CF_YJ"]) == (NUMBER, FACTS, CLAUSES[0])
    assert (values["CF_CFLB"], values["CF_NR"]) == ("罚款", "罚款人民币 60000 元")
    assert (values["CF_JDRQ"], values["CF_YXQ"], values["CF_GSJZQ"]) == ("2026-04-03", "2099-12-31", "2029-04-09")
    assert made.fen("CF_NR_FK") == 6_000_000
    assert made.fen("CF_NR_WFFF") is None
    assert made.remedies == REMEDIES
    assert made.kinds == ("P03",)
    assert read(made.encode()) == made


def test_a_natural_person_is_masked_and_has_no_code() -> None:
    made = document(proposal(party={"type": "person", "person_name": NAME, "person_id": NAME}), bytes(16), TODAY, 24)
    assert (made.value("CF_XDR_MC"), made.value("CF_XDR_LB"), made.value("CF_XDR_SHXYM")) == ("张＊＊", "自然人", "")
    assert "张三丰" not in made.encode().decode()
    gone = tombstone(made, "withdrawn", TODAY, "决定已撤销。", "altered")
    assert gone.number is msgspec.UNSET, "the number would lead back to the person"


def test_money_that_was_confiscated_stands_in_its_own_column() -> None:
    lines = [
        {"kind": "P01"}, {"kind": "P04", "amount_fen": 12_345}, {"kind": "P08", "object": "安全生产许可证 示安许证字"},
        {"kind": "P10", "until": "2026-06-30"},
    ]  # fmt: skip
    made = document(proposal(decided={"penalties": lines}), bytes(16), TODAY, 12)
    assert (made.fen("CF_NR_FK"), made.fen("CF_NR_WFFF")) == (None, 12_345)
    assert made.value("CF_NR_ZKDX") == "安全生产许可证 示安许证字"
    assert made.value("CF_YXQ") == "2026-06-30"
    assert (
        made.value("CF_NR")
        == "警告；没收违法所得人民币 123.45 元；吊销许可证件（安全生产许可证 示安许证字）；责令停产停业"
    )
    assert made.kinds == ("P01", "P04", "P08", "P10")


def test_texts_can_be_written_anew_and_only_those() -> None:
    found = proposal(edits={"CF_SY": "改写", "CF_XDR_MC": "别的公司", "BZ": "说明"})
    made = document(found, bytes(16), TODAY, 36)
    assert (made.value("CF_SY"), made.value("BZ"), made.value("CF_XDR_MC")) == ("改写", "说明", "示例制造有限公司")
    assert ("CF_SY", "edited") in found.withheld


def test_nothing_of_the_decision_but_the_columns_is_looked_at() -> None:
    found = proposal(decided={"outside_reason": "突破基准", "note": "内部备注"})
    told = document(found, bytes(16), TODAY, 36).encode().decode()
    assert "突破基准" not in told
    assert "内部备注" not in told
    assert {name for _, name in found.inside} >= {"outside_reason", "note", "draft_hash", "case_id"}


def test_a_release_on_another_day_differs_in_its_dates_alone() -> None:
    made = document(proposal(), bytes(16), TODAY, 36)
    later = on_day(made, datetime.date(2026, 4, 13), 36)
    assert (later.published_on, later.until) == (datetime.date(2026, 4, 13), datetime.date(2029, 4, 13))
    assert on_day(later, TODAY, 36) == made
    different = [one.code for one, other in zip(made.fields, later.fields, strict=True) if one != other]
    assert set(different) <= ENDS
    assert codes_of(made) == codes_of(later)


def test_a_correction_keeps_the_first_day_and_says_why() -> None:
    made = document(proposal(), bytes(16), datetime.date(2026, 5, 6), 36, revision=2, first=TODAY, reason="更正")
    assert isinstance(made, Document)
    assert made.changed is not msgspec.UNSET
    assert (made.outcome, made.published_on, made.changed.on) == ("corrected", TODAY, datetime.date(2026, 5, 6))
    assert made.until == datetime.date(2029, 4, 9), "a correction does not prolong it"


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [("2026-01-31", 1, "2026-02-28"), ("2024-02-29", 12, "2025-02-28"), ("2026-11-30", 3, "2027-02-28")],
)
def test_months_end_on_a_day_that_exists(day: str, months: int, end: str) -> None:
    assert add_months(datetime.date.fromisoformat(day), months).isoformat() == end


def test_without_its_own_name_an_authority_publishes_nothing() -> None:
    facts = story(until="served")
    decision = next(one.id for one in facts if one.type == "penalty.decided.v1")
    with pytest.raises(NoRule, match=r"agency\.name"):
        propose(matter("case", CASE, facts), decision, load(), TODAY)


def test_what_is_no_decision_is_not_published() -> None:
    facts = story(until="served")
    case = matter("case", CASE, facts, rules=rules())
    for wrong in (facts[0].id, bytes(16)):
        with pytest.raises(NothingToPublish):
            propose(case, wrong, load(), TODAY)


def test_the_result_of_an_inspection_has_agency_party_kind_and_conclusion() -> None:
    task = digest("task")[:16]
    facts = [
        fact("task.assigned.v1", {"task_id": task, "enterprise_id": ENTERPRISE, "source": "double_random"}),
        fact("task.concluded.v1", task_id=task, outcome="no_problem", concluded_on="2026-04-07", occurred="2026-04-07"),
    ]
    profile = fact(
        "enterprise.profiled.v1", {"enterprise_id": ENTERPRISE, "name": "示例制造有限公司"}, occurred="2025-01-02"
    )
    visit = matter("task", task, facts, others={f"profile:{ENTERPRISE}": [profile]}, rules=rules())
    made = document(propose(visit, facts[1].id, load(), TODAY), bytes(16), TODAY, 36)
    assert [made.value(code) for code in ("JC_DX", "JC_LX", "JC_RQ", "JC_JG")] == [
        "示例制造有限公司", "双随机抽查", "2026-04-07", "未发现问题",
    ]  # fmt: skip
    assert made.subject == "inspection"
    assert read(made.encode()) == made


def test_a_compulsory_measure_says_who_what_and_how_long_and_nothing_of_what_was_sealed() -> None:
    facts = story(until="concluded")
    seal = fact(
        "compulsory_measure.imposed.v1",
        {
            "measure_id": bytes(16), "case_id": facts[0].body.case_id, "document_no": "（示）应急查扣〔2026〕3号",
            "kind": "seal", "items": [{"name": "烟花爆竹", "quantity": "30 箱"}], "bases": ["《安全生产法》第六十五条"],
            "imposed_at": 1_775_000_000_000, "imposed_on": "2026-03-05", "ends_on": "2026-04-03", "urgent": False,
        },
        occurred="2026-03-05", about=(f"case:{CASE}",),
    )  # fmt: skip
    ended = fact(
        "compulsory_measure.ended.v1",
        {"measure_id": bytes(16), "ground": "not_needed", "ended_on": "2026-03-20"},
        occurred="2026-03-20", about=(f"case:{CASE}",),
    )  # fmt: skip
    case = matter("case", CASE, [*facts, seal, ended], rules=rules())
    made = document(propose(case, seal.id, load(), TODAY, {}), bytes(16), TODAY, 12)
    assert (made.subject, made.layout, made.number) == (
        "compulsory_measure", "compulsory-measure-2026", "（示）应急查扣〔2026〕3号",
    )  # fmt: skip
    assert (made.value("QZ_LX"), made.value("QZ_QX"), made.value("QZ_JCRQ")) == ("查封", "2026-04-03", "2026-03-20")
    assert made.value("QZ_GSJZQ") == "2027-04-09"
    assert "烟花" not in made.encode().decode()
    assert (made.head(0), made.head(2)) == (made.value("QZ_XDR_MC"), "2026-03-05")
