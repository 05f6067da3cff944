"""Who took part in an act as an enforcement officer.

An act names its officers in a field of its own (those present, the interviewers, those who re-inspected), or else they
are the officers of the envelope. Persons whose role in the act is that of a helper are no officers, whatever list they
stand in. The invariant: certificates are not asked for here; this says who acted, not who was allowed to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.matter import Fact
from schemas.events import Act

OFFICER_ROLES: Final = frozenset({"lead", "officer", "recorder", "handler"})
"""Roles that count toward the two officers (PPL 42); reviewers and approvers decide, they do not act on the site."""

HELPER_ROLES: Final = frozenset({"auxiliary", "grid_worker", "temporary", "expert", "observer"})
"""Roles that never count (handbook 0.6, rule 6)."""

LISTS: Final = ("officers_present", "interviewers", "officers", "handlers")
"""Fields in which an act names its officers."""


def officers_of(fact: Fact) -> tuple[str, ...]:
    """Distinct ids of those who took part as officers, sorted. Empty for a fact that is not understood."""
    body = fact.body
    if body is None:
        return ()
    named = next((value for name in LISTS if (value := getattr(body, name, ()))), fact.by)
    found = set(named)
    if isinstance(body, Act):
        found |= {actor.officer for actor in body.actors if actor.role in OFFICER_ROLES}
        found -= {actor.officer for actor in body.actors if actor.role in HELPER_ROLES}
    return tuple(sorted(found))


def helpers_of(fact: Fact) -> tuple[tuple[str, str], ...]:
    """Those who took part in a role that does not count, each with that role, sorted."""
    if not isinstance(fact.body, Act):
        return ()
    return tuple(sorted({(actor.officer, actor.role) for actor in fact.body.actors if actor.role in HELPER_ROLES}))


def officers_of_all(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Everybody who took part as an officer in any of these acts, sorted."""
    return tuple(sorted({officer for fact in facts for officer in officers_of(fact)}))
