"""Requests that a terminal signed (RFC 9421, wire protocol section 6): the one check for every face that terminals use.

What is checked, in this order: the form, that the terminal is enrolled, the signature and its age, that the nonce is
new. Invariant: nothing of a request is believed before its signature is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import asyncpg

from schemas import httpsig
from schemas.problems import Problem
from server.log import store
from server.log.ids import now_ms
from server.log.terminals import Enrolled, Terminals


@dataclass(frozen=True, slots=True)
class SignedRequests:
    """`signed_for` is the @authority that requests are signed for, as configured, never as received."""

    terminals: Terminals
    pool: asyncpg.Pool
    queries: Mapping[str, str]
    signed_for: str

    async def check(
        self,
        method: str,
        path: str,
        query: str,
        headers: Sequence[tuple[str, str]],
        body: bytes | None,
        *,
        body_fields: Sequence[str] | None = None,
    ) -> Enrolled:
        """The terminal that signed. `path` and `query` as they came, `body` None where the request has none.

        `body_fields`: the request has a body that is not here yet, and these headers are covered in place of its
        digest (resumable uploads, where the digest of the whole file decides).

        Raises Problem unknown_terminal, bad_signature (with `nonce` "used" where the request was delivered before),
        clock_skew (with `now`) and whatever the form is refused with.
        """
        fields = httpsig.combine_fields(headers)
        now = now_ms()
        try:
            claim = httpsig.parse_signature(fields)
            terminal = await self.known(claim.terminal)
            httpsig.verify_request(
                claim,
                public=terminal.request_key,
                method=method,
                authority=self.signed_for,
                path=path,
                query=query,
                fields=fields,
                body_sha256=_digest(body, body_fields),
                now_ms=now,
                body_fields=httpsig.BODY_FIELDS if body_fields is None else body_fields,
            )
        except httpsig.SignatureRefused as refused:
            more = {"now": now} if refused.code == "clock_skew" else {}
            raise Problem(refused.code, str(refused), **more) from None
        if claim.nonce is not None:
            fresh = await self.pool.fetchval(self.queries["nonce"], store.uuid(claim.terminal), claim.nonce)
            if not fresh:
                raise Problem("bad_signature", "this nonce was used before: sign again with a new one", nonce="used")
        return terminal

    async def known(self, terminal: bytes) -> Enrolled:
        """The enrolled terminal of that id. Raises Problem unknown_terminal."""
        found = await self.terminals.get(terminal)
        if found is None:
            raise Problem("unknown_terminal")
        return found


def _digest(body: bytes | None, body_fields: Sequence[str] | None) -> bytes | None:
    """The digest of a body; of one that is still to come no digest is right, and None says that there is no body."""
    if body is not None:
        return sha256(body).digest()
    return None if body_fields is None else b""
