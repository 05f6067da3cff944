"""Terms of two characters: whatever stands in a name is found, in any width, case or spacing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.search_terms import haystack, normal, terms


def test_a_name_is_found_by_two_of_its_characters() -> None:
    stored = haystack("示例市宏远化工有限公司", "（示）应急罚〔2026〕12号", "91210500MA0UEXAMPL")
    for query in ("化工", "宏远化工", "〔2026〕12", "ＭＡ0ｕ", "应急 罚"):
        wanted = normal(query)
        assert terms(wanted) <= terms(stored), query
        assert any(wanted in line for line in stored.split("\n")), query
    assert not terms(normal("远化公")) <= terms(stored) or not any(
        normal("远化公") in one for one in stored.split("\n")
    )


def test_pairs_do_not_reach_over_the_end_of_a_text() -> None:
    assert terms(haystack("甲乙", "丙丁")) == {"甲乙", "丙丁"}


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=5))
def test_what_stands_in_a_text_is_never_missed(before: str, after: str, query: str) -> None:
    whole = normal(before) + normal(query) + normal(after)
    assert terms(normal(query)) <= terms(whole)
