"""Redaction: only listed fields go out, names are masked, numbers are struck out; every field comes out once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.redaction import MARK, REASONS, Candidate, Shown, mask_name, redact, strike

ID = "11010519491231002X"


def one(candidate: Candidate, *, person: bool = False, names: tuple[str, ...] = (), **edits: str) -> Shown:
    (found,) = redact([candidate], {candidate.code}, person=person, names=names, edits=edits)
    return found


@pytest.mark.parametrize(
    ("text", "left", "rule"),
    [
        (f"职工（{ID}）未培训", f"职工（{MARK}）未培训", "id_number"),
        ("职工110105491231002未培训", f"职工{MARK}未培训", "id_number"),
        ("１１０１０５１９４９１２３１００２Ｘ未培训", f"{MARK}未培训", "id_number"),
        ("电话13904140718。", f"电话{MARK}。", "phone"),
        ("电话 +86 139 0414 0718。", f"电话 {MARK}。", "phone"),
        ("座机024-23456789", f"座机{MARK}", "phone"),
        ("账号6222 0202 0000 1234 567", f"账号{MARK}", "account"),
        ("信箱 zhang.san@example.com，", f"信箱 {MARK}，", "mail"),
    ],
)
def test_numbers_of_persons_are_struck_out_of_texts(text: str, left: str, rule: str) -> None:
    assert strike(text) == (left, (rule,))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02 至 2026-04-01",
        "（示）应急罚〔2026〕12号",
        "罚款 60000 元",
        "第三十六条第二款",
        "91210500MA0UEXAMP1",
        "3 号机",
    ],
)
def test_dates_numbers_of_documents_and_amounts_stay(text: str) -> None:
    assert strike(text) == (text, ())


def test_a_name_keeps_its_first_character_only() -> None:
    assert [mask_name(name) for name in ("张三丰", "欧阳 锋", "李", " ", "Smith")] == [
        "张＊＊",
        "欧＊＊",
        "＊",
        "＊",
        "S＊＊＊＊",
    ]
    assert strike("经查，张三丰未经培训", ("张三丰",)) == ("经查，张＊＊未经培训", ("named",))


def test_what_is_not_listed_stays_inside_whatever_it_holds() -> None:
    shown = redact([Candidate("NEW", "新栏目", "plain", "x")], {"OTHER"}, person=False)
    assert [(each.value, each.fen, each.rules) for each in shown] == [(None, None, ("list",))]


def test_identity_papers_stay_inside_even_if_somebody_lists_them() -> None:
    assert one(Candidate("CF_XDR_ZJHM", "证件号码", "paper", ID)).rules == ("paper",)
    assert not one(Candidate("CF_XDR_ZJHM", "证件号码", "paper", ID), CF_XDR_ZJHM=ID).public


def test_of_a_natural_person_no_code_and_no_whole_name_is_published() -> None:
    name = one(Candidate("CF_XDR_MC", "名称", "masked_name", "张三丰"), person=True)
    assert (name.value, name.recorded, name.rules) == ("张＊＊", "张＊＊", ("name",))
    code = one(Candidate("CF_XDR_SHXYM", "代码", "organisation_code", "91210500MA0UEXAMP1"), person=True)
    assert (code.public, code.rules) == (False, ("person",))


def test_an_edited_text_goes_through_the_same_rules_and_says_so() -> None:
    found = one(Candidate("CF_SY", "违法事实", "text", "原文"), CF_SY="改写，电话13904140718")
    assert (found.value, found.rules) == (f"改写，电话{MARK}", ("edited", "phone"))
    assert one(Candidate("CF_SY", "违法事实", "text", "原文"), CF_SY="原文").rules == ()
    assert one(Candidate("CF_SY", "违法事实", "text", "原文"), CF_SY=" ").rules == ("edited",)


def test_amounts_stay_whole_fen() -> None:
    assert one(Candidate("CF_NR_FK", "罚款", "fen", 200_000)).fen == 200_000
    assert one(Candidate("CF_NR_FK", "罚款", "fen", None)).rules == ("absent",)
    assert one(Candidate("CF_NR_FK", "罚款", "fen", 0)).fen == 0


NATURES = st.sampled_from(("plain", "text", "name", "masked_name", "fen", "paper", "organisation_code"))
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.sampled_from(("A", "B", "C", "D")),
        st.just("栏目"),
        NATURES,
        st.none() | st.text(max_size=12) | st.integers(0, 10**9),
    ),
    max_size=8,
)


@given(CANDIDATES, st.sets(st.sampled_from(("A", "B", "C", "D"))), st.booleans())
def test_every_field_comes_out_once_and_is_published_or_withheld_by_a_known_rule(
    candidates: list[Candidate], allowed: set[str], person: bool
) -> None:
    shown = redact(candidates, allowed, person=person)
    assert [each.code for each in shown] == [each.code for each in candidates]
    for each, candidate in zip(shown, candidates, strict=True):
        assert set(each.rules) <= REASONS.keys()
        if each.public:
            assert each.code in allowed
            assert candidate.nature != "paper"
            if not each.rules:
                assert (each.value if each.value is not None else each.fen) == candidate.recorded
        else:
            assert each.rules
            assert each.value is None
