"""A person who has signed in, as every handler sees one. Pure: no database, no HTTP.

Invariant: a Person has at least one role and exactly one authority, and sees that authority's records only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ROLES: Final = (
    "inspector",
    "unit_head",
    "legal_reviewer",
    "bureau_head",
    "planner",
    "discloser",
    "supervisor",
    "auditor",
    "administrator",
)
ANY_ROLE: Final = frozenset(ROLES)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. `via` says how they were recognised, `session` is the hash that names the session or token in the log.

    `name` is the account, `display` what pages show, `form_token` the value that forms of this session carry (empty for
    tokens, which need none). `fresh`: the password or a code was given within the last minutes, so that grave acts need
    not ask for it.
    """

    name: str
    display: str
    authority: str
    roles: frozenset[str]
    via: Literal["session", "token"]
    session: bytes
    form_token: str = ""
    fresh: bool = False

    def may(self, roles: frozenset[str]) -> bool:
        """Whether one of the roles is held; no role means nobody."""
        return not self.roles.isdisjoint(roles)
