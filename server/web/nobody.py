"""The gate of an application without sign-in: the public one, and the one that serves evidence.

The invariant: it reads no cookie and sets none.
"""

from __future__ import annotations

from aiohttp import web

from schemas.problems import Problem
from server.identity.person import Person


class Nobody:
    """The gate of an application without sign-in: there is nobody to recognise and no form to check."""

    async def identify(self, request: web.Request) -> Person | None:
        """Nobody."""
        return None

    def check_form(self, request: web.Request, person: Person | None, form: dict[str, str]) -> None:
        """Refuse: this application has no forms."""
        raise Problem("forbidden")

    async def prove(self, request: web.Request, person: Person, password: str) -> bool:
        """Nobody is signed in here."""
        return False

    async def end(self, request: web.Request) -> None:
        """There is no session to end."""

    def remember(self, response: web.StreamResponse, secret: str) -> None:
        """Refuse: a session of this application would mean nothing."""
        raise Problem("forbidden")

    def forget(self, response: web.StreamResponse) -> None:
        """No cookie was given."""

    def form_secret(self, request: web.Request) -> str:
        """Refuse: this application has no forms."""
        raise Problem("forbidden")

    def form_token(self, secret: str) -> str:
        """Refuse: this application has no forms."""
        raise Problem("forbidden")

    def remember_form(self, response: web.StreamResponse, secret: str) -> None:
        """Refuse: this application has no forms."""
        raise Problem("forbidden")
