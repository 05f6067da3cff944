"""Where facts are filed: under what they say themselves, whatever their writer tagged them with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import filing
from domain.judges import JUDGES
from schemas.events import REGISTRY
from tests.support.event_vectors import FULL
from tests.support.facts import AUTHORITY, CASE, ENTERPRISE, HAZARD, LIN, TASK, ZHAO, fact, text_id
from tests.support.stories import story_facts


def keys(*arguments: object, **more: object) -> frozenset[str]:
    return filing.keys(fact(*arguments, **more))  # type: ignore[arg-type]


def test_an_act_is_filed_under_the_ids_of_its_body_even_without_tags() -> None:
    bare = replace(fact("site.entered.v1", task_id=TASK), about=())
    assert f"task:{text_id(TASK)}" in filing.keys(bare)
    assert f"chain:{text_id(TASK)}" in filing.keys(bare)
    looked = replace(fact("reinspection.concluded.v1"), about=())
    assert {key for key in filing.keys(looked) if key.startswith("hazard:")}
    filed = replace(fact("case.filed.v1", case_id=CASE), about=())
    assert f"case:{text_id(CASE)}" in filing.keys(filed)


def test_a_type_that_nobody_knows_is_filed_by_its_tags_alone() -> None:
    unknown = replace(
        fact("site.entered.v1", understood=False),
        type="drone.flown.v1",
        about=("authority:210500", "case:c", "enterprise:e", "hazard:h", "officer:o", "task:t", "task:"),
    )
    assert filing.keys(unknown) == {"case:c", "hazard:h", "task:t"}


def test_an_enterprise_and_an_officer_are_not_asked_to_hold_every_act() -> None:
    tags = (f"enterprise:{ENTERPRISE}", f"officer:{LIN}")
    assert not {key for key in keys("evidence.captured.v1", about=tags) if key.startswith(("enterprise:", "officer:"))}
    assert f"enterprise:{ENTERPRISE}" in keys("hazard.found.v1", about=tags)
    assert f"officer:{LIN}" in keys("interest.declared.v1", about=tags)


def test_certificates_stand_on_a_shelf_of_their_own() -> None:
    found = keys("officer_certificate.recorded.v1", officer_id=LIN)
    assert {f"certificate:{LIN}", f"officer:{LIN}"} <= found
    assert not {key for key in keys("interest.declared.v1") if key.startswith("certificate:")}


@pytest.mark.parametrize(("occurred", "day"), [("2026-03-02 00:00", "2026-03-02"), ("2026-03-01 23:59", "2026-03-01")])
def test_acts_on_site_are_filed_under_the_day_in_shanghai_of_everybody_there(occurred: str, day: str) -> None:
    found = keys("site.entered.v1", occurred=occurred, by=(LIN,), officers_present=[LIN, ZHAO])
    assert {f"day:{LIN}/{day}", f"day:{ZHAO}/{day}"} == {key for key in found if key.startswith("day:")}
    assert not {key for key in keys("case.filed.v1") if key.startswith("day:")}


@pytest.mark.parametrize("printed", ["（辽本）应急罚〔2026〕7号", "(辽本)应急罚[2026]07号"])
def test_printed_numbers_are_filed_under_their_series_however_they_were_printed(printed: str) -> None:
    assert f"series:{AUTHORITY}/罚/2026" in keys("document.served.v1", document_no=printed)


def test_a_number_that_cannot_be_read_files_nothing_and_fails_nothing() -> None:
    assert not {key for key in keys("document.served.v1", document_no="无号") if key.startswith("series:")}


def test_rules_are_those_of_the_log_they_stand_in_and_of_nobody_else() -> None:
    found = keys("rule_set.published.v1", authority="210521", about=["authority:210000"])
    assert [key for key in found if key.startswith("rules:")] == ["rules:210521"]


def test_a_dispute_is_filed_under_the_matter_whose_signal_it_names() -> None:
    found = keys("signal.disputed.v1", matter=f"hazard:{text_id(HAZARD)}")
    assert f"hazard:{text_id(HAZARD)}" in found


@pytest.mark.parametrize("name", sorted(set(FULL) & set(REGISTRY)))
def test_every_type_can_be_filed(name: str) -> None:
    found = filing.keys(fact(name, FULL[name]))
    assert all(key.partition(":")[2] and len(key.encode()) <= filing.MAX_KEY for key in found)


def test_the_stories_reach_every_judge() -> None:
    reached = {key.partition(":")[0] for one in story_facts() for key in filing.keys(one)}
    assert set(JUDGES) - reached <= {"accident", "report"}


def test_named_types_and_fields_exist() -> None:
    names = [getattr(filing, name) for name in ("ENTERPRISE", "OFFICER", "CERTIFICATE", "ON_SITE", "PROFILE", "DEVICE")]
    assert {one for some in names for one in some} <= set(REGISTRY)
    fields = {field for cls in REGISTRY.classes for field in cls.__struct_fields__}
    assert set(filing.IDS) <= fields
