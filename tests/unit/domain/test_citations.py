"""Citations of the law and names of parties, as printed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import citations, names
from domain.citations import Provision
from domain.printed import Refused
from tests.support.shared import samples


@pytest.mark.parametrize(
    ("printed", "text", "version", "provisions"),
    [
        ("安全生产法第三十条第一款", "安全生产法", 0, (Provision(30, 1),)),
        ("《安全生产法》第97条第7项", "安全生产法", 0, (Provision(97, 0, (7,)),)),
        ("安全生产法第九十九条第(二)项", "安全生产法", 0, (Provision(99, 0, (2,)),)),
        ("安全生产法第十八条（二）（三）（五）项", "安全生产法", 0, (Provision(18, 0, (2, 3, 5)),)),
        ("安全生产法第九十条(2014)", "安全生产法", 2014, (Provision(90),)),
        ("安全生产法第三十三条第一款、第二款和第三十八条第一款(2014版)", "安全生产法", 2014,
         (Provision(33, 1), Provision(33, 2), Provision(38, 1))),
        ("安全生产法第九十六条第二项、第三项和第九十九条", "安全生产法", 0, (Provision(96, 0, (2, 3)), Provision(99))),
        ("刑法第一百三十四条之一", "刑法", 0, (Provision(134, of=1),)),
    ],
)  # fmt: skip
def test_every_number_of_a_citation_comes_back(
    printed: str, text: str, version: int, provisions: tuple[Provision, ...]
) -> None:
    found = citations.parse(printed)
    assert (found.text, found.version, found.provisions) == (text, version, provisions)


def test_a_repealed_rule_is_cited_as_one() -> None:
    assert citations.parse("有限空间作业暂行规定(已废止)第三十条").repealed
    assert not citations.parse("有限空间作业安全规定第三十条").repealed


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("《安全生产法第三十条", "unclosed"),
        ("第三十条第一款", "name"),
        ("安全生产法", "name"),
        ("安全生产法第三十条第一款第二款", "unclear_citation"),
        ("安全生产法第款", "unclear_citation"),
        ("安全生产法第三十", "unclear_citation"),
        ("安全生产法第0条", "number"),
        ("安全生产法第三百五条", "unclear_numeral"),
    ],
)
def test_a_citation_that_is_not_clear_is_refused(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        citations.parse(printed)
    assert refused.value.code == code


def test_every_citation_of_the_samples_is_read() -> None:
    printed = [text for row in samples("penalties") for text in row.get("legal_basis", ())]
    printed += [row["law"] for row in samples("discretion") if "law" in row]
    assert len(printed) > 30
    for text in printed:
        found = citations.parse(text)
        assert found.provisions
        assert found.repealed == ("废止" in text)
        assert found.version == next((year for year in (2002, 2014, 2021) if f"({year}" in text), 0)


@pytest.mark.parametrize(
    ("printed", "normal", "kind", "masked"),
    [
        ("示例（某省）压铸有限公司", "示例(某省)压铸有限公司", "organisation", True),
        ("示例（北方）压铸 有限公司", "示例(北方)压铸有限公司", "organisation", False),
        ("示例化工(600000.SH)", "示例化工", "unclear", False),
        ("示例能源有限公司第三分公司", "示例能源有限公司第三分公司", "branch", False),
        ("示例镇平安商店", "示例镇平安商店", "sole_trader", False),
        ("黄某", "黄某", "person", True),
        ("李**", "李**", "unclear", True),
        ("Exxample Works 公司", "Exxample Works公司", "organisation", False),
    ],
)
def test_a_name_is_made_even_and_never_changed_otherwise(printed: str, normal: str, kind: str, masked: bool) -> None:
    name = names.parse(printed)
    assert (name.printed, name.normal, name.kind, name.masked) == (printed, normal, kind, masked)


def test_two_spellings_of_the_same_brackets_are_equal_and_masked_names_say_nothing() -> None:
    one, other = names.parse("示例（北方）压铸有限公司"), names.parse("示例(北方)压铸有限公司")
    assert names.same(one, other) is True
    assert names.same(one, names.parse("示例(南方)压铸有限公司")) is False
    assert names.same(one, names.parse("某压铸有限公司")) is None


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("示例机械科技有(截断)", "cut"),
        ("示例（北方压铸有限公司", "unclosed"),
        ("县示例砖瓦厂", "place_lost"),
        ("***", "no_letters"),
        ("示" * 200, "too_long"),
        ("", "empty"),
    ],
)
def test_a_name_that_was_cut_off_is_refused(printed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        names.parse(printed)
    assert refused.value.code == code


def test_every_name_of_the_samples_is_read_or_refused_with_a_reason() -> None:
    refused = []
    seen = 0
    for row in [*samples("penalties"), *samples("blacklist_hazards")]:
        given_names = [row.get(key) for key in ("party", "related_org", "first_party", "interviewed")]
        for printed in [*given_names, *row.get("parties", ())]:
            if not printed:
                continue
            seen += 1
            try:
                name = names.parse(printed)
            except Refused as why:
                refused.append(why.code)
            else:
                assert name.masked == ("某" in printed)
                if row.get("party_type") == "person" and printed == row.get("party"):
                    assert name.kind == "person"
    assert seen > 30
    assert sorted(refused) == ["cut", "place_lost", "place_lost", "place_lost"]


@given(
    st.one_of(
        st.text(max_size=40),
        st.text(alphabet="安全生产法第一二十百条款项之()《》、和2014版0123某*公司厂县", max_size=24),
    )
)
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    for reader in (citations.parse, names.parse):
        with suppress(Refused):
            reader(text)
