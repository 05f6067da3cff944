"""Every kind of signal that a judge raises is planted in the generated year, or is listed with the reason why not."""

from __future__ import annotations

from ops.year.planters import PLANTERS, WITHOUT
from tests.house.test_rules_are_tested import BUILT


def test_every_signal_has_a_planter_or_a_reason() -> None:
    signals = {name for name in BUILT if name.startswith("SIG-")}

    assert signals - PLANTERS.keys() - WITHOUT.keys() == set(), "write a planter, or say in WITHOUT why there is none"
    assert PLANTERS.keys() - signals == set(), "no judge says these any more"
    assert PLANTERS.keys() & WITHOUT.keys() == set()
    assert all(len(reason) > 30 for reason in WITHOUT.values())
