from __future__ import annotations

import datetime
import json

import pytest

from domain.deadlines import CATALOGUE, STANDS_STILL, Extension, Pause, due, late_fine
from domain.matter import Deadline, Reason
from domain.rulebook import NoRule, Rule, Rulebook
from domain.workdays import Calendar, CalendarFault, Notice, day_of, end_of, parse_calendar, start_of
from projections.rulefiles import load
from tests.support.facts import at
from tests.support.shared import shared_folder

RULES, CALENDAR = load()
HERE = "210500"
day = datetime.date.fromisoformat


def computed(rule: str, start: str, **more: object) -> Deadline:
    return due(rule, day(start), RULES, CALENDAR, HERE, **more)  # type: ignore[arg-type]


def was(deadline: Deadline) -> list[str]:
    """The last days that a deadline had before."""
    return [day_of(earlier.due - 1).isoformat() for earlier in deadline.earlier]


@pytest.mark.parametrize(
    ("rule", "start", "last"),
    [
        # 2020: the amendment of 27 January moved what had been computed; these are the final days.
        ("DL-02", "2020-01-22", "2020-02-03"),  # 3 days end on 25 January, holidays until 2 February
        ("DL-11", "2020-01-20", "2020-02-06"),  # 21, 22, 23 January, then 3 to 6 February
        ("DL-11", "2020-04-29", "2020-05-12"),  # 30 April, then 6 to 8, Saturday the 9th, 11, 12 May
        ("DL-06", "2020-09-20", "2020-10-09"),  # 5 October lies in the holiday of 1 to 8 October
        # Violation and acts around 2021-07-15: other periods, other units.
        ("DL-01", "2021-07-14", "2021-08-13"),
        ("DL-01", "2021-07-15", "2021-10-13"),
        ("DL-02", "2021-07-14", "2021-07-19"),  # 3 days end on Saturday the 17th
        ("DL-02", "2021-07-15", "2021-07-22"),  # 16, 19, 20, 21, 22 July
        ("DL-04", "2021-07-14", "2021-07-21"),
        ("DL-04", "2021-07-15", "2021-07-26"),
        # 2023
        ("DL-11", "2023-09-27", "2023-10-12"),  # 28 September, the week-end of 7 and 8 October, 9 to 12
        ("DL-06", "2023-04-14", "2023-05-04"),  # 29 April begins the holiday until 3 May
        ("DL-13", "2023-01-20", "2023-01-30"),  # the week-end of 28 and 29 January is worked
        ("DL-08", "2023-03-01", "2023-05-04"),  # 60 days end on 30 April
        ("DL-08:suit", "2023-08-31", "2024-02-29"),  # six months, February of a leap year
        # 2025
        ("DL-04", "2025-01-23", "2025-02-08"),  # 24, Sunday 26, 27 January, 5, 6, 7, Saturday 8 February
        ("DL-09", "2025-09-26", "2025-10-16"),  # Sunday 28 to 30 September, 9, 10, Saturday 11, 13 to 16 October
        ("DL-12", "2025-04-25", "2025-05-27"),  # Sunday 27 to 30 April, then from 6 May on
        ("DL-06", "2025-12-20", "2026-01-04"),  # a Sunday, and worked
        ("DL-01", "2025-10-20", "2026-01-19"),  # 18 January 2026 is a Sunday
        # 2026, before and after 2026-02-01
        ("DL-01", "2026-01-31", "2026-05-06"),  # 1 May begins the holiday
        ("DL-01", "2026-02-01", "2026-05-06"),
        ("DL-02", "2026-02-11", "2026-02-25"),  # 12, 13, Saturday 14, then 24, 25
        ("DL-11", "2026-09-30", "2026-10-15"),  # 8, 9, Saturday 10, 12 to 15 October
        ("DL-06", "2026-04-20", "2026-05-06"),
        ("DL-10", "2026-05-31", "2026-08-31"),
        ("DL-14", "2026-01-25", "2026-02-24"),
        ("DL-14", "2026-04-02", "2026-05-02"),  # the State's power over property is not prolonged by a holiday
        ("DL-16", "2026-05-01", "2026-05-04"),
        ("DL-19", "2026-04-02", "2026-05-06"),
        ("DL-23", "2026-03-02", "2026-04-01"),
        ("DL-24", "2026-06-18", "2026-06-23"),  # 22, 23 June after the festival
        # Fixed dates
        ("DL-20", "2026-09-30", "2026-10-05"),
        ("DL-20", "2026-12-31", "2027-01-05"),
        ("DL-20", "2026-03-31", "2026-04-05"),
        ("DL-21", "2026-06-01", "2026-12-30"),
        ("DL-22", "2025-12-31", "2026-01-31"),
        ("DL-19:filing", "2026-01-01", "2026-03-10"),
    ],
)
def test_worked_deadlines(rule: str, start: str, last: str) -> None:
    found = computed(rule, start)
    assert (found.last_day, found.provisional) == (last, False)
    assert found.due == end_of(day(last))
    assert found.rule == rule.partition(":")[0]


@pytest.mark.parametrize(
    ("rule", "start", "last"),
    [
        ("DL-11", "2026-12-28", "2027-01-06"),
        ("DL-06", "2026-12-20", "2027-01-04"),
        ("DL-08", "2026-11-20", "2027-01-19"),
        ("DL-25", "2026-03-01", "2027-03-01"),
        ("DL-10", "2026-10-05", "2027-01-05"),
    ],
)
def test_a_deadline_beyond_the_last_published_year_is_provisional(rule: str, start: str, last: str) -> None:
    found = computed(rule, start)
    assert (found.last_day, found.provisional) == (last, True)


def test_the_last_day_of_the_last_published_year_is_not_provisional() -> None:
    assert not computed("DL-11", "2026-12-22").provisional
    assert computed("DL-11", "2026-12-22").last_day == "2026-12-31"
    assert computed("DL-11", "2026-12-23").provisional


def test_a_calendar_amended_in_the_middle_of_a_year_leaves_the_earlier_value() -> None:
    """INV-39: on 27 January 2020 the spring festival was extended and a worked Saturday cancelled."""
    decided = computed("DL-11", "2020-01-20")
    assert was(decided) == ["2020-02-04"]
    assert "国办发明电〔2020〕1号" in decided.earlier[0].reason.zh
    # A period that the amendment does not move, and one that began after it, have no earlier value.
    assert was(computed("DL-11", "2020-01-02")) == []
    assert was(computed("DL-11", "2020-01-27")) == []


def test_a_year_made_known_later_moves_what_was_provisional_and_says_so() -> None:
    later = Notice(2027, day("2026-11-25"), off=frozenset({day("2027-01-01")}), document="N-2027")
    calendar = CALENDAR.with_notices([later])
    found = due("DL-11", day("2026-12-28"), RULES, calendar, HERE)
    assert (found.last_day, found.provisional, was(found)) == ("2027-01-07", False, [])
    begun = due(
        "DL-06", day("2026-11-20"), RULES, calendar, HERE, extensions=[Extension(at("2026-11-21"), day("2027-01-01"))]
    )
    assert begun.last_day == "2027-01-01"
    asked = due("DL-08", day("2026-11-02"), RULES, calendar, HERE)
    assert (asked.last_day, was(asked)) == ("2027-01-04", ["2027-01-01"])
    assert asked.earlier[0].reason.en == "the calendar changed: N-2027"


def test_days_begin_at_midnight_in_shanghai() -> None:
    midnight = start_of(day("2026-03-03"))
    before = due("DL-11", midnight - 1, RULES, CALENDAR, HERE)
    after = due("DL-11", midnight, RULES, CALENDAR, HERE)
    assert (before.last_day, after.last_day) == ("2026-03-11", "2026-03-12")
    assert midnight == int(datetime.datetime(2026, 3, 2, 16, tzinfo=datetime.UTC).timestamp() * 1000)
    # An act in the last moment of the last day is in time, a millisecond later it is not.
    assert before.due == end_of(day("2026-03-11")) == start_of(day("2026-03-12"))


def test_periods_in_hours_run_through_nights_and_holidays() -> None:
    found = due("DL-15", at("2026-02-14 23:30"), RULES, CALENDAR, HERE)
    assert (found.due, found.last_day) == (at("2026-02-15 23:30"), None)


def test_the_same_period_before_and_after_order_18_says_what_is_unverified() -> None:
    assert computed("DL-01", "2026-01-31").version == "1+ppl-2021"
    assert computed("DL-01", "2026-02-01").version == "1+check-o18"


def test_an_act_that_names_its_own_end_is_taken_at_its_word() -> None:
    order = computed("DL-18", "2026-03-02", last_day=day("2026-03-20"))
    assert order.last_day == "2026-03-30"  # ten local days after the order's own deadline
    named = computed("DL-06", "2026-03-02", last_day=day("2026-05-02"))
    assert named.last_day == "2026-05-02"


WHY = Reason("鉴定", "appraisal")


def test_a_pause_moves_the_end_by_the_days_it_stood_still() -> None:
    assert computed("DL-01", "2026-03-02").last_day == "2026-06-01"  # 31 May is a Sunday
    paused = computed(
        "DL-01", "2026-03-02", pauses=[Pause(day("2026-04-01"), day("2026-04-21"), WHY, at("2026-04-21"))]
    )
    # 90 + 20 days end on 20 June, in the festival.
    assert (paused.last_day, was(paused)) == ("2026-06-22", ["2026-06-01"])
    assert paused.earlier[0].reason == WHY


@pytest.mark.parametrize(
    ("pauses", "last"),
    [
        # Two that overlap count once; what lies before the start or after the end counts nothing.
        ([("2026-04-01", "2026-04-11"), ("2026-04-06", "2026-04-21")], "2026-06-22"),
        ([("2026-02-01", "2026-03-12")], "2026-06-10"),
        ([("2026-06-02", "2026-06-12")], "2026-06-01"),
        ([("2026-04-01", "2026-04-01")], "2026-06-01"),
    ],
)
def test_pauses_count_each_day_once_and_within_the_period(pauses: list[tuple[str, str]], last: str) -> None:
    assert computed("DL-01", "2026-03-02", pauses=[Pause(day(a), day(b)) for a, b in pauses]).last_day == last


def test_a_pause_of_working_days_counts_working_days() -> None:
    # 7 working days from 9 March end on the 18th; Thursday 12 to Sunday 15 stand still: two working days.
    found = computed("DL-04", "2026-03-09", pauses=[Pause(day("2026-03-12"), day("2026-03-16"))])
    assert (computed("DL-04", "2026-03-09").last_day, found.last_day) == ("2026-03-18", "2026-03-20")


def test_a_period_that_nobody_resumed_stands_still() -> None:
    found = computed("DL-01", "2026-03-02", pauses=[Pause(day("2026-04-01"), None)])
    assert (found.due, found.last_day) == (STANDS_STILL, None)
    assert found.text.en.endswith("stands still")


def test_an_extension_moves_the_end_and_keeps_the_old_one() -> None:
    to_a_day = computed("DL-01", "2026-03-02", extensions=[Extension(at("2026-05-20"), day("2026-08-29"))])
    assert (to_a_day.last_day, was(to_a_day)) == ("2026-08-29", ["2026-06-01"])
    twice = computed(
        "DL-14", "2026-03-02", extensions=[Extension(at("2026-03-30"), days=30), Extension(at("2026-04-20"), days=5)]
    )
    assert (twice.last_day, was(twice)) == ("2026-05-06", ["2026-04-01", "2026-05-01"])


def test_a_rule_published_later_leaves_the_earlier_value() -> None:
    rule = Rule(
        "tip.reply_days", 15, day("2026-03-01"), "R-1/2", "local", authority="210500", unit="calendar",
        published=at("2026-03-05"),
    )  # fmt: skip
    book = RULES.with_rules([rule])
    before = due("DL-23", day("2026-03-02"), book, CALENDAR, HERE)
    assert (before.last_day, was(before), before.version) == ("2026-03-17", ["2026-04-01"], "1+R-1/2")
    assert was(due("DL-23", day("2026-03-06"), book, CALENDAR, HERE)) == []


def test_a_missing_rule_is_named_and_nothing_is_guessed() -> None:
    with pytest.raises(NoRule) as fault:
        due("DL-11", day("2026-03-02"), Rulebook(), CALENDAR, HERE)
    assert fault.value.key == "disclosure.decision_days"


def test_every_line_of_the_catalogue_can_be_computed_from_the_rules_of_the_package() -> None:
    numbers = {f"DL-{n:02}" for n in range(1, 27)} - {"DL-07"}
    assert numbers == {name.partition(":")[0] for name in CATALOGUE}
    for name in CATALOGUE:
        found = due(name, at("2026-03-02"), RULES, CALENDAR, HERE, last_day=day("2026-03-02") if "18" in name else None)
        assert found.due > found.start
        assert found.text.zh
        assert found.text.en


def test_two_periods_of_one_act_are_told_apart() -> None:
    event = bytes(range(16))
    assert computed("DL-08", "2026-03-02", event=event).about == event.hex()
    found = computed("DL-08:suit", "2026-03-02", event=event, met=(at("2026-03-05"), bytes(16)))
    assert found.about == f"{event.hex()}/suit"
    assert (found.met, found.inputs) == (at("2026-03-05"), (bytes(16), event))


# The late fine


@pytest.mark.parametrize(
    ("until", "days", "amount", "capped"),
    [
        ("2026-01-01", 0, 0, None),
        ("2026-01-02", 1, 300_000, None),
        ("2026-02-03", 33, 9_900_000, None),
        ("2026-02-04", 34, 10_000_000, "2026-02-04"),
        ("2026-03-02", 34, 10_000_000, "2026-02-04"),
    ],
)
def test_a_late_fine_is_three_percent_a_day_and_never_above_the_fine(
    until: str, days: int, amount: int, capped: str | None
) -> None:
    """Handbook, appendix B: 100,000 yuan, day 33, day 34, day 60."""
    found = late_fine(10_000_000, day("2026-01-01"), day(until), RULES, HERE)
    assert (found.days, found.amount_fen, found.capped_on and found.capped_on.isoformat()) == (days, amount, capped)


def test_no_late_fine_accrues_during_remedies() -> None:
    pause = Pause(day("2026-01-06"), day("2026-01-20"))
    for kind, days in (("reconsideration", 15), ("suit", 15), ("deferral", 15), ("holiday", 30)):
        found = late_fine(10_000_000, day("2026-01-01"), day("2026-01-31"), RULES, HERE, pauses=[(kind, pause)])
        assert found.days == days, kind
    # Before 2021-07-15 nothing stopped it.
    old = late_fine(
        10_000_000, day("2021-01-01"), day("2021-01-11"), RULES, HERE, pauses=[("suit", Pause(day("2021-01-02"), None))]
    )
    assert old.amount_fen == 3_000_000


def test_a_late_fine_runs_on_what_is_unpaid() -> None:
    paid = [(day("2026-01-11"), 5_000_000), (day("2026-01-21"), 5_000_000)]
    found = late_fine(10_000_000, day("2026-01-01"), day("2026-03-01"), RULES, HERE, payments=paid)
    assert (found.days, found.amount_fen) == (20, 3_000_000 + 1_500_000)


# The calendar


def test_the_table_holds_the_published_calendars() -> None:
    folder = shared_folder()
    if folder is None:
        pytest.skip("shared samples absent: the published calendars are not compared")
    rows = [json.loads(line) for line in (folder / "data/samples/calendar.jsonl").read_text("utf-8").splitlines()]
    seen = 0
    for row in rows:
        if row["kind"] == "amendment":
            before = CALENDAR.view(day("2020-01-26"))
            assert _workdays(before, 2020) == 251
            assert all(not CALENDAR.is_workday(day(off)) for off in row["effect"]["added_off"])
            assert all(before.is_workday(day(text)) for text in row["effect"]["cancelled_makeup"])
            continue
        if row["kind"] != "notice":
            continue
        year = row["year"]
        seen += 1
        assert _workdays(CALENDAR, year) == row["computed_workdays"]
        as_issued = CALENDAR.view(day(row["issued_date"]))
        assert as_issued.knows([datetime.date(year, 1, 1)])
        assert not CALENDAR.view(day(row["issued_date"]) - datetime.timedelta(days=1)).knows(
            [datetime.date(year, 1, 1)]
        )
        for text in row["makeup_workdays"]:
            assert as_issued.is_workday(day(text)), text
        for text in row["holiday_ranges"]:
            for part in text.split("~"):
                assert not as_issued.is_workday(day(part if len(part) == 10 else f"{year}-{part}")), part
    assert seen == 7


def test_the_table_agrees_with_the_second_source() -> None:
    from ops.house.holidays import compare

    assert compare(CALENDAR) == []


def test_a_makeup_day_at_the_end_is_a_working_day() -> None:
    assert CALENDAR.workday_from(day("2026-02-14")).day == day("2026-02-14")
    assert CALENDAR.workday_from(day("2026-02-15")).day == day("2026-02-24")
    assert CALENDAR.workdays_before(day("2026-02-25"), 5).day == day("2026-02-11")
    assert CALENDAR.count_workdays(day("2026-02-11"), day("2026-02-25")) == 5


def test_months_and_years_end_on_the_same_day_or_the_last_of_a_shorter_month() -> None:
    calendar = Calendar()
    assert calendar.add_months(day("2024-11-30"), 3, roll=False).day == day("2025-02-28")
    assert calendar.add_months(day("2023-11-30"), 3, roll=False).day == day("2024-02-29")
    assert calendar.add_years(day("2024-02-29"), 1, roll=False).day == day("2025-02-28")
    with pytest.raises(ValueError, match="expected a period"):
        calendar.add_workdays(day("2026-01-01"), 40_001)


NOTICE = "[[notice]]\nyear = 2026\nknown_on = 2025-11-04\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[notice]]\nyear = 2026\n', "known_on"),
        (NOTICE + 'off = ["2026-02-30"]\n', "a day such as"),
        (NOTICE + 'off = ["2026-02-10~2026-02-01"]\n', "from the earlier day"),
        (NOTICE + 'off = ["2027-01-01"]\n', "expected days of 2026"),
        (NOTICE + 'off = [20260101]\n', "in quotes"),
        (NOTICE + 'off = ["2026-01-01"]\nworked = ["2026-01-01"]\n', "both off and worked"),
        (NOTICE + 'colour = "red"\n', "got `colour`"),
        (NOTICE + NOTICE, "one notice for 2026"),
        (NOTICE.replace("2026\n", '"2026"\n', 1), "another kind"),
        ("[[notice]\n", "expected TOML"),
    ],
)  # fmt: skip
def test_a_faulty_calendar_is_refused_with_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(CalendarFault, match=said):
        parse_calendar("x.toml", text.encode())


def _workdays(calendar: Calendar, year: int) -> int:
    first = datetime.date(year - 1, 12, 31)
    return calendar.count_workdays(first, datetime.date(year, 12, 31))
