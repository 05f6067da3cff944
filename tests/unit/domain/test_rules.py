from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Final

import pytest

from domain.rulebook import NoRule, Rule, Rulebook, RuleFault, check_apart, is_lighter, parse_rules
from domain.rulesets import overrides
from projections.rulefiles import load
from tests.support.facts import fact

BOOK, CALENDAR = load()
FOLDER = Path(__file__).resolve().parents[3] / "domain" / "rules"
day = datetime.date.fromisoformat


def at(key: str, on: str, authority: str = "210500") -> Rule:
    return BOOK.get(key, day(on), authority)


@pytest.mark.parametrize(
    ("key", "before", "from_2021", "from_2026"),
    [
        ("on_spot.ceiling_fen.person", (5_000, "fen"), (20_000, "fen"), (20_000, "fen")),
        ("on_spot.ceiling_fen.organisation", (100_000, "fen"), (300_000, "fen"), (300_000, "fen")),
        ("on_spot.cash_fen", (2_000, "fen"), (10_000, "fen"), (10_000, "fen")),
        ("hearing.request_days", (3, "calendar"), (5, "working"), (5, "working")),
        ("hearing.notice_days", (7, "calendar"), (7, "working"), (7, "working")),
        ("case.decide_days", (30, "calendar"), (90, "calendar"), (90, "calendar")),
        ("case.extension", ((90, 180), "calendar"), ((180,), "calendar"), ((180,), "calendar")),
        ("preservation.dispose_days", (7, "calendar"), (7, "working"), (7, "working")),
        ("service.days", (7, "calendar"), (7, "working"), (7, "working")),
        ("cash.deposit_days", (2, "calendar"), (2, "working"), (2, "working")),
        ("hearing.large_fine_fen.person", (2_000_000, "fen"), (2_000_000, "fen"), (2_000_000, "fen")),
        ("hearing.large_fine_fen.organisation", (5_000_000, "fen"), (5_000_000, "fen"), (5_000_000, "fen")),
        ("case.discovery_years_harm", (2, "years"), (5, "years"), (5, "years")),
    ],
)
def test_the_epochs_of_the_handbook_are_in_the_data(
    key: str, before: object, from_2021: object, from_2026: object
) -> None:
    """Handbook 0.3: the day before and the day of each change of law."""
    for on, expected in (
        ("2021-07-14", before), ("2021-07-15", from_2021), ("2026-01-31", from_2021), ("2026-02-01", from_2026),
    ):  # fmt: skip
        rule = at(key, on)
        assert (rule.value, rule.unit) == expected, (key, on)


@pytest.mark.parametrize(
    ("key", "on", "verified"),
    [
        ("on_spot.ceiling_fen.person", "2021-07-14", False),
        ("on_spot.ceiling_fen.person", "2021-07-15", True),
        ("case.decide_days", "2021-07-14", False),
        ("case.decide_days", "2025-01-01", True),
        ("case.decide_days", "2026-02-01", False),
        ("hearing.large_fine_fen.person", "2026-02-01", False),
        ("review.reviewer_percent", "2026-02-01", False),
        ("disclosure.decision_days", "2026-02-01", True),
    ],
)
def test_what_was_not_read_says_that_it_is_to_be_confirmed(key: str, on: str, verified: bool) -> None:
    assert at(key, on).verified is verified


def test_a_threshold_holds_with_its_number_or_only_above_it() -> None:
    with_it = Rule("a.b", 5, day("2020-01-01"), "1", "s")
    without = Rule("a.b", 5, day("2020-01-01"), "1", "s", inclusive=False)
    assert [with_it.reaches(n) for n in (4, 5, 6)] == [False, True, True]
    assert [without.reaches(n) for n in (4, 5, 6)] == [False, False, True]
    assert [with_it.within(n) for n in (4, 5, 6)] == [True, True, False]
    assert [without.within(n) for n in (4, 5, 6)] == [True, False, False]


def test_nothing_is_guessed_where_no_rule_is_in_force() -> None:
    with pytest.raises(NoRule) as fault:
        BOOK.get("court.apply_months", day("2011-12-31"), "210500")
    assert fault.value.key == "court.apply_months"


def test_the_rule_of_the_violation_holds_unless_the_later_one_is_lighter() -> None:
    """PPL 37: an old violation, decided after the change of 2021-07-15."""
    old, new = day("2021-07-14"), day("2021-07-15")
    # More time to ask for a hearing is lighter.
    assert BOOK.lighter("hearing.request_days", old, new, "210500").value == 5
    # A longer pursuit is heavier, so the shorter one of the day of the violation stands.
    assert BOOK.lighter("case.discovery_years_harm", old, new, "210500").value == 2
    # Where the data names no direction the day of the violation decides.
    assert BOOK.lighter("case.decide_days", old, new, "210500").value == 30
    assert BOOK.lighter("case.decide_days", new, new, "210500").value == 90
    then, now = BOOK.both("case.decide_days", old, day("2026-02-01"), "210500")
    assert (then and then.version, now and now.version) == ("o77", "check-o18")


def test_the_lighter_benchmark_applies_to_an_old_violation() -> None:
    old, new = day("2021-08-31"), day("2021-09-01")
    assert BOOK.lighter("benchmark.WSL-102", old, new, "210500").version == "wsl-2021"
    heavier, lighter = BOOK.get("benchmark.WSL-102", old, ""), BOOK.get("benchmark.WSL-102", new, "")
    assert is_lighter(lighter, heavier)
    assert not is_lighter(heavier, lighter)


def test_the_narrowest_authority_wins_then_the_later_day_then_the_later_publication() -> None:
    def rule(value: int, authority: str, since: str, published: int = 0) -> Rule:
        return Rule("a.b", value, day(since), str(value), "s", authority=authority, published=published)

    book = Rulebook(
        [
            rule(1, "", "2025-01-01"), rule(2, "210000", "2020-01-01"), rule(3, "210500", "2019-01-01"),
            rule(4, "210500", "2020-01-01", 1), rule(5, "210500", "2020-01-01", 2),
        ]
    )  # fmt: skip
    on = day("2026-01-01")
    assert book.get("a.b", on, "210521").value == 5
    assert book.get("a.b", on, "210600").value == 2
    assert book.get("a.b", on, "110000").value == 1
    assert book.get("a.b", day("2019-06-01"), "210500").value == 3


ENTRY = '[[rule]]\nkey = "a.b"\nvalue = 1\nsince = 2020-01-01\nversion = "1"\nsource = "s"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ENTRY.replace('key = "a.b"\n', ""), "expected a field `key`"),
        (ENTRY.replace("since = 2020-01-01\n", ""), "expected a field `since`"),
        (ENTRY + 'colour = "red"\n', "got `colour`"),
        (ENTRY.replace("2020-01-01", '"2020-01-01"'), "`since` to be a date"),
        (ENTRY.replace("2020-01-01", "2020-01-01T00:00:00"), "`since` to be a date"),
        (ENTRY.replace("value = 1", "value = 1.5"), "whole numbers"),
        (ENTRY.replace("value = 1", "value = [1, 2.5]"), "whole numbers"),
        (ENTRY.replace('"a.b"', '"A"'), "a dotted key"),
        (ENTRY + 'unit = "weeks"\n', "expected a unit of"),
        (ENTRY + 'lighter = "up"\n', "lower or higher"),
        (ENTRY + "until = 2019-12-31\n", "`until` on or after"),
        (ENTRY.replace('source = "s"', 'source = ""'), "a version and a source"),
        (ENTRY + ENTRY, "one entry a day"),
        ('[other]\nkey = "a.b"\n', "tables [[rule]] only"),
        ("rule = 1\n", "to be tables"),
        ("[[rule]\n", "expected TOML"),
        ("\udcff", "expected UTF-8"),
    ],
)
def test_a_faulty_rule_file_is_refused_with_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(RuleFault, match=re.escape(said)):
        parse_rules("x.toml", text.encode("utf-8", "surrogateescape"))


def test_entries_that_follow_one_another_are_no_conflict() -> None:
    rules = parse_rules("x.toml", (ENTRY + "until = 2020-12-31\n" + ENTRY.replace("2020-01-01", "2021-01-01")).encode())
    check_apart("x", rules)
    assert len(rules) == 2


def test_the_readme_lists_every_key_and_no_other() -> None:
    listed = set(re.findall(r"^\| `([^`]+)` \|", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE))
    assert listed == set(BOOK.names)


def test_a_rule_that_nothing_reads_is_named_as_such() -> None:
    """Whoever publishes a limit of their own must know whether anything is judged by it."""
    rooms = [FOLDER.parent, *(FOLDER.parents[1] / room for room in ("projections", "server", "ops"))]
    code = "\n".join(path.read_text("utf-8") for room in rooms for path in room.rglob("*.py"))
    read = set(re.findall(r"""["']([a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)+)\.?[{"']""", code))
    said = (FOLDER / "README.md").read_text("utf-8")
    section = said[said.index("### Kept, and judged nowhere yet") : said.index("### Published by authorities only")]
    for key in BOOK.names:
        stems = {key, key.rpartition(".")[0]} if key.count(".") > 1 else {key}
        if not stems & read and not key.startswith("benchmark."):
            assert re.search(rf"\b{re.escape(key)}\b", section), (
                f"{key}: nothing reads it, and the README does not say so"
            )


ASKED = re.compile(r'\.(?:find|get|limit|party_limit|lighter|both)\(\s*"([a-z_]+(?:\.[a-z_]+)+)"')


def test_every_rule_that_is_asked_for_is_in_the_data_on_the_days_of_every_epoch() -> None:
    asked = {key for path in FOLDER.parent.rglob("*.py") for key in ASKED.findall(path.read_text("utf-8"))}
    assert len(asked) > 40
    for key in asked - {"powers.items"}:
        variants = [name for name in BOOK.names if name == key or name.startswith(f"{key}.")]
        assert variants, f"{key} is asked for and stands in no file"
        for name in variants:
            assert BOOK.find(name, day("2026-03-01"), "210500"), f"{name} has no entry for 2026"


# Published rule sets


SET: Final = {
    "kind": "limits", "ruleset_id": "R-1", "version": "2", "effective_from": "2026-03-01",
    "content_hash": bytes(32), "source_document": "Notice 1",
}  # fmt: skip


def laid(*entries: dict[str, object]) -> tuple[Rulebook, tuple[str, ...]]:
    listed = [{"since": "2026-03-01", "source": "local", **entry} for entry in entries]
    facts = [fact("rule_set.published.v1", {**SET, "entries": listed}, authority="210000")]
    found = overrides(facts, BOOK)
    return found.over(BOOK, CALENDAR)[0], tuple(refusal.reason.en for refusal in found.refused)


def test_an_authority_overrides_for_itself_and_those_below_it() -> None:
    book, refused = laid(
        {"key": "review.threshold_fen.organisation", "value": 10_000_000},
        {"key": "review.threshold_fen.organisation.inclusive", "value": 0},
        {"key": "hearing.list", "value": "P03, P10"},
        {"key": "review.compulsory", "value": 1},
    )
    on = day("2026-04-01")
    assert refused == ()
    found = book.get("review.threshold_fen.organisation", on, "210521")
    assert (found.value, found.inclusive, found.unit, found.version) == (10_000_000, False, "fen", "R-1/2")
    assert book.get("hearing.list", on, "210521").value == ("P03", "P10")
    assert book.get("review.compulsory", on, "210521").value is True
    # The day before, and elsewhere, the package holds.
    assert book.get("review.compulsory", day("2026-02-28"), "210521").value is False
    assert book.get("review.threshold_fen.organisation", on, "110000").value == 5_000_000


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"key": "hearing.request_days", "value": "many"}, "a whole number"),
        ({"key": "hearing.request_days", "value": -1}, "a whole number"),
        ({"key": "hearing.request_days", "value": 9_999_999}, "at most 2000"),
        ({"key": "plan.file_month_day", "value": "02-30"}, "a month and a day"),
        ({"key": "review.qualification_since", "value": "2018-02-30"}, "a day such as"),
        ({"key": "report.quarter_day", "value": 31}, "at most 28"),
        ({"key": "hearing.list", "value": 3}, "a list with commas"),
        ({"key": "case.extension", "value": "90, soon"}, "whole numbers with commas"),
        ({"key": "review.compulsory", "value": "perhaps"}, "1 or 0"),
        ({"key": "penalties.severity", "value": "P01"}, "a JSON object"),
        ({"key": "recording.steps", "value": '[{"step": "A5"}]'}, "items with step"),
        ({"key": "benchmark.LOCAL-7", "value": '{"clause": "x"}'}, "an object whose tiers is a list"),
        ({"key": "benchmark.LOCAL-7", "value": '{"clause": "x", "tiers": 1.5}'}, "whole numbers"),
        ({"key": "hearing.list", "value": "[" * 400}, "JSON"),
        ({"key": "case.decide_days", "value": 60, "until": "2020-01-01"}, "an end on or after"),
    ],
)
def test_a_published_entry_of_the_wrong_kind_is_refused_and_changes_nothing(
    entry: dict[str, object], said: str
) -> None:
    book, refused = laid(entry)
    assert len(refused) == 1
    assert said in refused[0]
    assert book.all == BOOK.all


def test_an_authority_publishes_a_benchmark_of_its_own() -> None:
    tiers = (
        '{"clause": "WSL 102", "tiers": [{"tier": "light", "party": "organisation", "kinds": ["P03"], "from_fen": 0, '
        '"to_fen": 1000000, "from_inclusive": true, "to_inclusive": false}]}'
    )
    book, refused = laid({"key": "benchmark.LOCAL-7", "value": tiers})
    assert refused == ()
    assert book.get("benchmark.LOCAL-7", day("2026-04-01"), "210500").value["tiers"][0]["to_fen"] == 1_000_000


def test_nobody_publishes_for_an_authority_that_is_not_below_it() -> None:
    entries = [{"key": "case.decide_days", "value": 1, "since": "2026-03-01", "source": "x"}]
    facts = [fact("rule_set.published.v1", {**SET, "authority": "110000", "entries": entries}, authority="210000")]
    found = overrides(facts, BOOK)
    assert found.rules == ()
    assert "cannot publish rules for 110000" in found.refused[0].reason.en


def test_a_published_calendar_ends_what_was_provisional() -> None:
    last = day("2026-12-31")
    assert CALENDAR.add_workdays(last, 3).provisional
    year = {"year": 2027, "off": ["2027-01-01"], "worked": ["2027-01-03"], "known_on": "2026-11-20"}
    facts = [fact("rule_set.published.v1", {**SET, "kind": "calendar", **year}, authority="210000")]
    _, calendar = overrides(facts, BOOK).over(BOOK, CALENDAR, "210500")
    found = calendar.add_workdays(last, 3)
    assert (found.day, found.provisional) == (day("2027-01-05"), False)
    # Not for those who are not below it, and not before it was made known.
    assert calendar.view(authority="110000").add_workdays(last, 3).provisional
    assert calendar.view(day("2026-11-19"), "210500").add_workdays(last, 3).provisional
