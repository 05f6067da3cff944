"""Every planter by its signal, and the kinds of signals that have none, with the reason.

A house test holds the two lists together against the published rules. The invariant: a place stands in the list under
the signal that its planter is registered for.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from ops.year import in_office, on_site, others
from ops.year.planting import Place, Planter, Plot
from ops.year.province import Province
from ops.year.telling import Told

PLANTERS: Final[Mapping[str, Planter]] = {
    "SIG-01": in_office.gap,
    "SIG-02": in_office.disorder,
    "SIG-03": on_site.late,
    "SIG-04": others.unknown_payment,
    "SIG-05": in_office.unheard,
    "SIG-06": on_site.alone,
    "SIG-07": on_site.expired,
    "SIG-08": in_office.hasty,
    "SIG-09": in_office.unreviewed,
    "SIG-10": in_office.few,
    "SIG-11": on_site.hollow,
    "SIG-12": on_site.silent,
    "SIG-13": on_site.far,
    "SIG-14": on_site.afterwards,
    "SIG-15": on_site.old_file,
    "SIG-16": on_site.wrong_clock,
    "SIG-17": on_site.unfilmed,
    "SIG-18": on_site.too_often,
    "SIG-19": on_site.unseen,
    "SIG-20": in_office.outside,
    "SIG-21": on_site.unpunished,
    "SIG-22": in_office.not_referred,
    "SIG-23": in_office.unpublished,
    "SIG-24": in_office.misreported,
    "SIG-25": others.unknown_visit,
    "SIG-26": in_office.powerless,
    "SIG-27": on_site.twice,
    "SIG-28": on_site.cloned,
    "SIG-29": in_office.over_age,
    "SIG-30": in_office.sealed_long,
    "SIG-31": others.interested,
    "SIG-32": in_office.voids,
}

WITHOUT: Final[Mapping[str, str]] = {}
"""Signals without a planter, with the reason."""


def plant(province: Province) -> tuple[list[Place], list[Told]]:
    """Every place of the year, and the acts that make it; half of them wrong, half nearly so."""
    places: list[Place] = []
    events: list[Told] = []
    for signal, planter in PLANTERS.items():
        for number in range(2 * province.scale.places):
            dice = Random(f"{province.seed}/{signal}/{number}")  # noqa: S311 - a story, not a secret
            place, told = _planted(province, signal, planter, number % 2 == 0, dice)
            places.append(place)
            events += told
    return places, events


def _planted(province: Province, signal: str, planter: Planter, wrong: bool, dice: Random) -> tuple[Place, list[Told]]:
    """One place. A team without days left is exchanged for another."""
    for _ in range(50):
        authority = dice.choice(province.authorities)
        plot = Plot(province, signal, wrong, dice, authority.code, dice.choice(authority.teams))
        try:
            return planter(plot), plot.events
        except ValueError:
            continue
    raise ValueError(f"the teams have too few days for {2 * province.scale.places} places of {signal}")
