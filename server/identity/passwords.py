"""Passwords: argon2id, made and checked in a thread, at most two at a time.

Each hash takes 64 MiB and about 0.1 s, so an unlimited number at once would be a way to exhaust the server. Invariant:
checking takes as long for an account that does not exist as for one that does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 256
AT_ONCE: Final = 2
WAIT_SECONDS: Final = 20.0
T = TypeVar("T")


class PasswordRefused(ValueError):
    """A new password is too short or too long; the message says what is expected and never repeats it."""


def hash_password(password: str) -> str:
    """The argon2id hash to be stored (RFC 9106, the library's default costs). Raises PasswordRefused. Blocks."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or "\0" in password:
        raise PasswordRefused(
            f"expected a password of {MIN_LENGTH} to {MAX_LENGTH} characters, came {len(password)}: choose another one"
        )
    return PasswordHasher().hash(password)


class PasswordChecker:
    """Checks passwords beside the event loop; `AT_ONCE` bounds the memory of all checks of this process."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash of a new password, made beside the event loop. Raises PasswordRefused, TimeoutError."""
        return await self._in_turn(hash_password, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one behind `stored`; None (no such account) costs the same and is False.

        Raises TimeoutError when too many others are waiting.
        """
        if len(password) > MAX_LENGTH:
            return False
        return await self._in_turn(_verify, stored, password)

    async def _in_turn(self, work_of: Callable[..., T], *arguments: object) -> T:
        async with asyncio.timeout(WAIT_SECONDS):
            await self._turns.acquire()
        try:
            # A thread cannot be ended: whoever gives up waiting for it must still not free its turn before it is done.
            work = asyncio.ensure_future(asyncio.to_thread(work_of, *arguments))
            return await asyncio.shield(work)
        finally:
            if work.done():
                self._turns.release()
            else:
                work.add_done_callback(lambda _: self._turns.release())


def _verify(stored: str | None, password: str) -> bool:
    try:
        PasswordHasher().verify(stored or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _nobody() -> str:
    return PasswordHasher().hash("nobody has this password")
