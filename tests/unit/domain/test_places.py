"""Distances between positions, and positions that a map shifted."""

from __future__ import annotations

import pytest

from domain.places import Place, metres, metres_to_area, place, place_of


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert metres(place(410000000, 1230000000, "WGS84"), place(420000000, 1230000000, "WGS84")) == pytest.approx(
        111_195, rel=0.001
    )


def test_a_position_shifted_by_a_map_is_shifted_back() -> None:
    """Tian'anmen: 39.908823 N, 116.397470 E in WGS-84 is 39.910226 N, 116.403714 E on a shifted map."""
    true, shifted = place(399_088_230, 1_163_974_700, "WGS84"), place(399_102_260, 1_164_037_140, "GCJ02")
    assert metres(true, shifted) < 10
    assert metres(true, place(399_102_260, 1_164_037_140, "WGS84")) > 500


def test_outside_of_china_nothing_is_shifted() -> None:
    loc = {"acc": 12, "crs": "GCJ02", "lat": 488_584_000, "lon": 22_945_000, "mock": False, "src": "gnss"}
    assert place_of(loc) == place(488_584_000, 22_945_000, "WGS84", accuracy=12)


def test_a_place_inside_of_an_area_is_no_metre_away_and_one_outside_is_as_far_as_its_nearest_side() -> None:
    area = [Place(41.0, 123.0), Place(41.01, 123.0), Place(41.01, 123.01), Place(41.0, 123.01)]
    assert metres_to_area(Place(41.005, 123.005), area) == 0
    assert metres_to_area(Place(41.02, 123.005), area) == pytest.approx(1112, rel=0.01)
    assert metres_to_area(Place(41.02, 123.02), area) == pytest.approx(
        metres(Place(41.02, 123.02), Place(41.01, 123.01)), rel=0.01
    )
