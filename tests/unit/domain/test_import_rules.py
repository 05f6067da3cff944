"""A file of rules of an authority's own: what it gives, and what each fault says."""

from __future__ import annotations

import datetime
import re
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import domain
from domain.import_rules import read_rules
from domain.imports import Planned, Table
from domain.rulesets import overrides
from domain.workdays import Calendar
from projections.rulefiles import load
from tests.support.facts import fact

BOOK, CALENDAR = load()
FOLDER = Path(domain.__file__).parent / "rules"
HEAD = 'version = "2026-1"\ndocument = "示例〔2026〕12号"\n'
RULE = '[[rule]]\nkey = "{}"\nvalue = {}\nsince = 2026-03-01\nsource = "第三条"\n'
DAYS = RULE.format("reinspection.local_days", 5)
YEAR = '[[notice]]\nyear = 2027\nknown_on = 2026-11-20\noff = ["2027-01-01~2027-01-03"]\nworked = ["2027-01-09"]\n'


def read(text: str) -> Table:
    return read_rules(text.encode(), authority="210500", book=BOOK, calendar=CALENDAR)


def acts(text: str) -> list[Planned]:
    table = read(text)
    assert table.faults == []
    return table.acts


def laid(text: str) -> tuple[Any, Calendar]:
    """The book and the calendar of 210521 after the acts of a file."""
    published = [fact(act.type, dict(act.body), authority="210500") for act in acts(text)]
    found = overrides(published, BOOK)
    assert found.refused == ()
    return found.over(BOOK, CALENDAR, "210521")


def test_rules_become_one_act_that_names_what_was_published() -> None:
    text = HEAD + DAYS + RULE.format("review.compulsory", "true")
    [act] = acts(text)
    assert (act.type, act.about, act.once) == ("rule_set.published.v1", ("authority:210500",), True)
    assert act.body == {
        "ruleset_id": "210500-limits", "kind": "limits", "version": "2026-1", "effective_from": "2026-03-01",
        "content_hash": sha256(text.encode()).digest(), "source_document": "示例〔2026〕12号",
        "entries": [
            {"key": "reinspection.local_days", "value": 5, "since": "2026-03-01", "source": "第三条"},
            {"key": "review.compulsory", "value": 1, "since": "2026-03-01", "source": "第三条"},
        ],
    }  # fmt: skip
    assert acts(text)[0].origin == act.origin
    assert acts(text.replace("2026-1", "2026-2"))[0].origin != act.origin


def test_kind_version_and_authority_of_an_entry_make_acts_of_their_own() -> None:
    text = HEAD + DAYS + 'authority = "210521"\n' + DAYS + DAYS.replace("local_days", "major_days") + 'version = "7"\n'
    text += RULE.format("powers.items", '["01-001", "01-002"]') + 'kind = "power_list"\n'
    assert [
        (act.body["ruleset_id"], act.body["version"], act.body.get("authority"), act.about[0]) for act in acts(text)
    ] == [
        ("210521-limits", "2026-1", "210521", "authority:210521"),
        ("210500-limits", "2026-1", None, "authority:210500"),
        ("210500-limits", "7", None, "authority:210500"),
        ("210500-power_list", "2026-1", None, "authority:210500"),
    ]


def test_judges_find_every_kind_of_value_as_the_file_has_it() -> None:
    tiers = (
        '{ clause = "WSL 102", tiers = [{ tier = "light", party = "organisation", kinds = ["P03"], from_fen = 0, '
        "to_fen = 1000000, from_inclusive = true, to_inclusive = false }] }"
    )
    text = HEAD + "".join(
        [
            DAYS + 'unit = "working"\n',
            RULE.format("review.threshold_fen.organisation", 10_000_000) + "inclusive = false\nuntil = 2026-12-31\n",
            RULE.format("hearing.list", '["P03"]'),
            RULE.format("hazard.mandatory_penalty_codes", "[]"),
            RULE.format("case.extension", "[80, 30]"),
            RULE.format("plan.headcount_percent", "{ department = 70, team = 85 }"),
            RULE.format("benchmark.LOCAL-7", tiers),
            RULE.format("disclosure.fields.LOCAL", '["CF_WSH", "BZ"]'),
        ]
    )
    book, _ = laid(text)
    on = datetime.date(2026, 4, 1)
    days, threshold = (
        book.get(key, on, "210521") for key in ("reinspection.local_days", "review.threshold_fen.organisation")
    )
    assert (days.value, days.unit, days.version) == (5, "working", "210500-limits/2026-1")
    assert (threshold.value, threshold.inclusive, threshold.until) == (10_000_000, False, datetime.date(2026, 12, 31))
    assert book.get("hearing.list", on, "210521").value == ("P03",)
    assert book.get("hazard.mandatory_penalty_codes", on, "210521").value == ()
    assert book.get("case.extension", on, "210521").value == (80, 30)
    assert book.get("plan.headcount_percent", on, "210521").value == {"department": 70, "team": 85}
    assert book.get("benchmark.LOCAL-7", on, "210521").value["tiers"][0]["to_fen"] == 1_000_000
    assert book.get("disclosure.fields.LOCAL", on, "210521").value == ("CF_WSH", "BZ")
    assert book.get("hearing.list", on, "110000").value != ("P03",)


def test_every_rule_of_the_package_can_be_published_as_it_stands_unless_it_is_too_long_for_an_event() -> None:
    for path in sorted(FOLDER.glob("*.toml")):
        if path.name == "calendar.toml":
            continue
        text = 'document = "示例〔2026〕12号"\n' + path.read_text("utf-8").replace("verified = false", "")
        faults = read(text).faults
        assert {fault.en.partition(", got")[0] for fault in faults} <= {"expected at most 500 characters"}, path.name
        assert len(faults) < len(tomllib.loads(text)["rule"])


def test_a_notice_gives_its_year_and_an_amendment_gives_days_back() -> None:
    _, calendar = laid(HEAD + YEAR)
    assert 2027 in calendar.years
    assert not calendar.is_workday(datetime.date(2027, 1, 1))
    assert calendar.is_workday(datetime.date(2027, 1, 9))
    amended = '[[notice]]\nyear = 2026\nknown_on = 2026-08-01\namends = true\nback = ["2026-10-01"]\n'
    _, calendar = laid(HEAD + amended)
    assert calendar.is_workday(datetime.date(2026, 10, 1))


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (HEAD + RULE.format("reinspection.localdays", 5), "1 reinspection.localdays", "did you mean reinspection."),
        (HEAD + DAYS.replace("= 5", '= "5"'), "1 reinspection.local_days value", "a whole number such as 10, got a"),
        (HEAD + DAYS.replace("= 5", "= true"), "1 reinspection.local_days value", "got a yes or no"),
        (HEAD + DAYS.replace("= 5", "= 5.5"), "1 reinspection.local_days value", "got a float"),
        (HEAD + DAYS.replace("= 5", "= -5"), "1 reinspection.local_days", "not negative, got -5: mend it"),
        (HEAD + DAYS.replace("= 5", "= 20000"), "1 reinspection.local_days", "a period of at most 10000"),
        (HEAD + DAYS.replace("= 5", "= 2000") + 'unit = "years"\n', "1 reinspection.local_days", "at most 50"),
        (HEAD + DAYS + 'unit = "fen"\n', "1 reinspection.local_days", "expected the unit calendar, got 'fen'"),
        (HEAD + RULE.format("hearing.list", "[3]"), "1 hearing.list value", "expected items each a text"),
        (HEAD + RULE.format("hearing.list", '"P03"'), "1 hearing.list value", 'a list such as ["P07"'),
        (HEAD + DAYS + "until = 2026-02-28\n", "1 reinspection.local_days", "an end on or after 2026-03-01"),
        (HEAD + DAYS + 'authority = "210000"\n', "1 reinspection.local_days authority", "an authority below it"),
        (HEAD + DAYS.replace("2026-03-01", '"2026-03-01"'), "1 reinspection.local_days since", "without quotes"),
        (HEAD + DAYS.replace("2026-03-01", "2026-03-01T00:00:00"), "1 reinspection.local_days since", "without quotes"),
        (HEAD + DAYS + DAYS, "2 reinspection.local_days since", "rule 1 holds too: give the older one an `until`"),
        (HEAD + DAYS + "verified = false\n", "1 reinspection.local_days verified", "read it, then publish"),
        (HEAD + DAYS + 'lighter = "higher"\n', "1 reinspection.local_days lighter", "leave it out"),
        (HEAD + DAYS + "days = 5\n", "1 reinspection.local_days days", "there is no such field"),
        (HEAD + DAYS.replace('source = "第三条"', ""), "1 reinspection.local_days source", "add it"),
        (HEAD + 'kind = "limit"\n' + DAYS, "1 reinspection.local_days", "mend what it names"),
        (HEAD + 'kind = "calendar"\n' + DAYS, "1 reinspection.local_days kind", "[[notice]]"),
        (DAYS, "1 reinspection.local_days version", 'give `version = "2026-1"` at the head'),
        (HEAD.replace("document", "sha256") + DAYS, "0 sha256", "64 lowercase hexadecimal"),
        ('version = "1"\n' + DAYS, "1 reinspection.local_days document", "give `document` at the head"),
        (HEAD + "effective_from = 2026-03-01\neffective_to = 2026-02-01\n" + DAYS, "0 effective_to", "on or after"),
        (HEAD + 'authority = "110000"\n' + DAYS, "0 authority", "an authority below it"),
        (HEAD, "0", "expected a [[rule]] or a [[notice]]"),
        (HEAD + "rule = 3\n", "0", "expected rules as [[rule]]"),
        ("version = ", "0", "expected TOML"),
        (HEAD + RULE.format("hearing.list", '["\\u0000"]'), "0", "expected TOML"),
        (HEAD + RULE.format("case.extension", "[0x" + "f" * 6000 + "]"), "0", "expected TOML"),
        (HEAD + RULE.format("case.extension", "[-1]"), "1 case.extension value", "not negative"),
        (HEAD + YEAR.replace("2027-01-03", "2029-01-03"), "1 notice 2027", "a range of at most a month"),
        (HEAD + YEAR + YEAR, "2 notice 2027 year", "put the two together"),
        (HEAD + YEAR.replace("2027", "2031") + "amends = true\n", "1 notice 2031 amends", "list them"),
        (HEAD + '[[notice]]\nyear = 2027\nknown_on = 2026-11-20\n', "1 notice 2027 off", "expected days off"),
        (HEAD + YEAR + 'authority = "110000"\n', "1 notice 2027 authority", "an authority below it"),
    ],
)  # fmt: skip
def test_a_fault_names_the_entry_and_what_to_do_and_leaves_no_act(text: str, place: str, said: str) -> None:
    table = read(text)
    [fault] = table.faults
    assert f"{fault.row} {fault.column}".strip() == place
    assert said in fault.en
    assert re.search("[\u4e00-\u9fff]", fault.zh)
    assert table.acts == []


def test_one_fault_keeps_the_good_entries_back_too() -> None:
    table = read(HEAD + DAYS + YEAR + RULE.format("case.decide_days", '"soon"'))
    assert (table.rows, [(fault.row, fault.column) for fault in table.faults], table.acts) == (
        3,
        [(2, "case.decide_days value")],
        [],
    )
