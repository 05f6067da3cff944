"""What the office may do with an enrolled terminal: resolve its fork, hold it, release it, revoke it (E06).

`decide` looks at two things: the office's own acts so far (`Terminal`) and how the terminal stands in the log
(`Standing`), which the log found out by itself. The invariant: a terminal with an open fork is never released, because
nobody would have said which of its branches continues (wire protocol, section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from schemas.events import Body
from schemas.events.terminal import (
    TerminalEnrolled,
    TerminalForkResolved,
    TerminalHeld,
    TerminalReleased,
    TerminalRevoked,
)
from schemas.problems import Problem

MAX_REASON = 500
"""Characters, as for a `Line` of the event types."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """The office's acts about one terminal so far."""

    terminal: bytes
    authority: str
    resolved: tuple[bytes | str, ...] = ()
    released: int = 0
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How the terminal stands in the log: held or not, its branches by id, how many are open, and what it declared."""

    held: bool
    open_branches: int
    branches: frozenset[bytes]
    declared: int


@dataclass(frozen=True, slots=True)
class ResolveFork:
    """Let a terminal go on with `branch`; None keeps the chain that goes on now."""

    branch: bytes | None
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold a terminal: what it hands in is recorded as ever, and noted until somebody has looked at it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """End the hold on a terminal."""

    reason: str


@dataclass(frozen=True, slots=True)
class Revoke:
    """End a terminal's service; what it has declared by now may still come in."""

    reason: str


Command: TypeAlias = ResolveFork | Hold | Release | Revoke
Fact: TypeAlias = TerminalForkResolved | TerminalHeld | TerminalReleased | TerminalRevoked


def begin(enrolled: TerminalEnrolled) -> Terminal:
    """The state after `terminal.enrolled.v1`, the first act about any terminal."""
    return Terminal(enrolled.terminal, enrolled.authority)


def decide(state: Terminal, standing: Standing, command: Command) -> tuple[Fact, ...]:
    """The facts that the command brings about. Raises Problem bad_request, conflict or not_found."""
    _check_reason(command.reason)
    match command:
        case ResolveFork(branch=branch):
            if branch is not None and branch not in standing.branches:
                raise Problem("not_found", "the terminal has no branch of this id")
            if standing.open_branches == 0:
                raise Problem("conflict", "the terminal has no open fork: there is nothing to resolve")
            return (TerminalForkResolved(branch="stored" if branch is None else branch, terminal=state.terminal),)
        case Hold(reason=reason):
            if standing.held or state.revoked:
                raise Problem("conflict", "the terminal is held already")
            return (TerminalHeld(reason=reason, terminal=state.terminal),)
        case Release(reason=reason):
            if standing.open_branches:
                raise Problem("conflict", "a fork is open: name the branch that continues, then release the terminal")
            if state.revoked:
                raise Problem("conflict", "the terminal is revoked and stays held: enrol a new one that replaces it")
            if not standing.held:
                raise Problem("conflict", "the terminal is not held: there is nothing to release")
            return (TerminalReleased(reason=reason, terminal=state.terminal),)
        case Revoke(reason=reason):
            if state.revoked:
                raise Problem("conflict", "the terminal is revoked already")
            return (TerminalRevoked(declared=standing.declared, reason=reason, terminal=state.terminal),)
        case _:
            assert_never(command)


def evolve(state: Terminal, fact: Body) -> Terminal:
    """The state after one more act. An act of a type that says nothing about the hold changes nothing."""
    match fact:
        case TerminalForkResolved():
            return replace(state, resolved=(*state.resolved, fact.branch))
        case TerminalReleased():
            return replace(state, released=state.released + 1)
        case TerminalRevoked():
            return replace(state, revoked=True)
        case _:
            return state


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Problem("bad_request", "expected a reason in words, got none")
    if len(reason) > MAX_REASON or "\0" in reason:
        raise Problem("bad_request", f"expected a reason of at most {MAX_REASON} characters", limit=MAX_REASON)
