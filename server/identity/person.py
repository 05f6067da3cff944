"""A person who has signed in, as every handler sees one. Pure: no database, no HTTP.

Invariant: a Person has at least one role and exactly one authority, acts in that authority only, and sees its records;
those of authorities below it are seen by who looks over others (SEES_BELOW), and by nobody else.
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
    "security_officer",
)
ANY_ROLE: Final = frozenset(ROLES)
APART: Final = frozenset({"administrator", "security_officer", "auditor"})
"""Who runs the system, who guards it, and who checks both: each of these roles is held alone."""
SEES_BELOW: Final = frozenset({"supervisor", "auditor", "bureau_head"})
"""Who is shown the records of authorities below the own one: who supervises them, checks them, or answers for them."""
KEEPS_BELOW: Final = frozenset({"administrator", "security_officer"})
"""Who keeps the accounts of authorities below the own one: an authority that is new has nobody yet who could."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. `via` says how they were recognised, `session` is the hash that names the session or token in the log.

    `name` is the account, `display` what pages show, `form_token` the value that forms of this session carry (empty for
    tokens, which need none). `fresh`: the password or a code was given within the last minutes, so that grave acts need
    not ask for it. `officer` is who this is in the register of officers, `unit` the unit with its part in the process
    (`unit_role`: handling, legal, …; both empty where none is set). `below`: authorities below the own one, for whoever
    looks over them. `factor`: codes are asked of this account; `factors`: how many things this session was opened with.
    `unfinished`: a role of this person needs a second factor and the session has none: only the pages on which it is
    set up are open.
    """

    name: str
    display: str
    authority: str
    roles: frozenset[str]
    via: Literal["session", "token"]
    session: bytes
    form_token: str = ""
    fresh: bool = False
    officer: str = ""
    unit: str = ""
    unit_role: str = ""
    below: tuple[str, ...] = ()
    factor: bool = False
    factors: int = 1
    unfinished: bool = False

    def may(self, roles: frozenset[str]) -> bool:
        """Whether one of the roles is held; no role means nobody."""
        return not self.roles.isdisjoint(roles)

    @property
    def officer_id(self) -> str:
        """Who acts, as records name officers: the one of the register, the account's name where none is set."""
        return self.officer or self.name

    @property
    def seen(self) -> tuple[str, ...]:
        """Authorities whose records are shown to this person, the own one first."""
        return (self.authority, *self.below) if self.may(SEES_BELOW) else (self.authority,)

    @property
    def kept(self) -> tuple[str, ...]:
        """Authorities whose accounts this person keeps, the own one first; none without such a role."""
        return (self.authority, *self.below) if self.may(KEEPS_BELOW) else ()
