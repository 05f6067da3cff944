"""Distances between positions, and positions that a map shifted."""

from __future__ import annotations

import pytest

from domain.places import metres, place, place_of


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
