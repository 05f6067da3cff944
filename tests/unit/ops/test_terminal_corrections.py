"""A correction of the field cites the record that it corrects, and the request that it answers."""

from __future__ import annotations

import pytest

from ops.terminal import forms
from schemas.events import REGISTRY

EVENT = "019b77b0-0000-7000-8000-000000000001"
ASKED = {"asked_in": "019b77b0-0000-7000-8000-000000000002", "review_id": "019b77b0-0000-7000-8000-000000000003"}


def test_a_correction_with_fields_names_them_and_answers_the_request() -> None:
    told = forms.correction(EVENT, "笔误", ['$.place="一车间"', "$.start=5"], ASKED)
    assert told["effect"] == "corrected"
    body = REGISTRY.decode_body(forms.CORRECTION, forms.from_json(forms.CORRECTION, told))
    assert [(one.path, one.new) for one in body.field_changes] == [("$.place", '"一车间"'), ("$.start", "5")]
    assert (body.asked_in.hex(), body.review_id.hex()) == tuple(one.replace("-", "") for one in ASKED.values())


def test_without_fields_it_explains_and_may_strike_the_record_out() -> None:
    assert forms.correction(EVENT, "以录像为准", [], None)["effect"] == "explained"
    assert forms.correction(EVENT, "误记", [], None, withdraw=True)["effect"] == "withdrawn"


@pytest.mark.parametrize("change", ["$.place", "$.place=一车间", 'place="x"', "=1", ""])
def test_a_change_that_is_no_path_with_json_is_refused_with_what_was_expected(change: str) -> None:
    with pytest.raises(forms.FormRefused, match=r"expected (PATH=JSON|a path)"):
        forms.correction(EVENT, "x", [change], None)
