"""The generated year: the same from the same seed, lawful types, a calendar of its own that agrees with the judges'."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from ops import settings
from ops.loading import LoadRefused, load
from ops.year import almanac
from ops.year.planters import PLANTERS
from ops.year.province import Scale
from ops.year.telling import Team, new_id
from ops.year.year import Year
from projections import rulefiles
from schemas.events import REGISTRY

SMALL = Scale.of(0.01)


@pytest.fixture(scope="module")
def year() -> Year:
    return Year(7, SMALL)


def test_its_working_days_are_those_of_the_judges() -> None:
    calendar = rulefiles.load()[1]

    for day in almanac.days():
        assert almanac.add_workdays(day, 1) == calendar.add_workdays(day, 1).day, day
        assert almanac.rolled(day, 90) == calendar.add_days(day, 90, True).day or day.month > 9, day


def test_every_kind_is_planted_as_often_as_it_nearly_is(year: Year) -> None:
    counted = Counter((place.signal, place.kind) for place in year.places)

    assert counted == {(signal, kind): SMALL.places for signal in PLANTERS for kind in ("planted", "near")}
    assert len({(place.signal, place.subject, place.about) for place in year.places}) == len(year.places)


def test_the_same_seed_gives_the_same_year_and_another_seed_another(year: Year) -> None:
    again, other = Year(7, SMALL), Year(8, SMALL)

    assert again.places == year.places
    assert [day.acts for day in again.days()] == [day.acts for day in year.days()]
    tasks = [{place.subject for place in one.places if place.subject.startswith("task:")} for one in (year, other)]
    assert tasks[0].isdisjoint(tasks[1])
    assert {place.what for place in other.places} != {place.what for place in year.places}


def test_every_act_is_of_a_published_type_and_numbers_are_given_in_the_order_of_time(year: Year) -> None:
    seen: dict[tuple[str, str], int] = {}
    terminals = {team.terminal: bytes(15) + bytes([n]) for n, team in enumerate(year.province.teams)}
    for told in [*year.opening(), *year.blocks(terminals)]:
        REGISTRY.decode_body(told.type, told.body)
    for day in year.days():
        for told in [*day.office, *(one for some in day.field.values() for one in some)]:
            REGISTRY.decode_body(told.type, told.body)
            assert almanac.day_of(told.received) == day.date
            assert told.captured <= told.received
            number = told.body.get("document_no", "")
            assert not number.startswith("#")
            if told.type == "inspection_record.signed.v1" and "-" not in number:
                name, n = told.terminal, int(number.partition("〕")[2].rstrip("号"))
                assert n > seen.get((name, "检记"), 0)
                seen[name, "检记"] = n
    assert seen


def test_a_province_without_days_for_so_many_places_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"

    with pytest.raises(LoadRefused, match="fewer --places, or a greater --scale"):
        asyncio.run(load(settings.load(None, data=data), 7, Scale.of(0.01, 200), lambda _done, _all: None))

    assert not data.exists()


def test_the_full_year_is_a_province_of_twenty_cities_three_levels_and_two_thousand_officers() -> None:
    full = Scale.of(1)

    assert full.places == 50
    assert 2 * (full.teams[0] + 20 * full.teams[1] + 20 * full.counties * full.teams[2]) == 2_000


def test_a_team_works_once_a_day_and_says_when_it_cannot() -> None:
    team = Team("210500", "T1", ("a", "b"))
    monday = datetime.date(2025, 3, 3)

    assert [team.free(monday), team.free(monday)] == [monday, datetime.date(2025, 3, 4)]
    with pytest.raises(ValueError, match="not free"):
        team.take(monday)
    with pytest.raises(ValueError, match="no day left"):
        team.free(datetime.date(2025, 12, 27), datetime.date(2025, 12, 28))


def test_ids_are_uuids_of_their_instant() -> None:
    made = new_id(Random(1), almanac.at(datetime.date(2025, 6, 1), 9))

    assert int.from_bytes(made[:6], "big") == almanac.at(datetime.date(2025, 6, 1), 9)
    assert made[6] >> 4 == 7
    assert made[8] >> 6 == 0b10
