"""Bytes to and from a server: one request, one answer, every length and every wait limited.

Invariant: a `send` ends within its deadline with an `Answer` or with `NoAnswer`; nothing it does is repeated by itself.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

import aiohttp

MAX_ANSWER: Final = 16 * 1024 * 1024
SEND_SECONDS: Final = 120.0
CONNECT_SECONDS: Final = 10.0
CHUNK: Final = 65_536


class NoAnswer(Exception):
    """The server could not be reached, or its answer did not come whole. What it did with the request is unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, headers (names in lower case), body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request and gives the whole answer, or raises `NoAnswer`. It never repeats a request by itself."""

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """`target` is path and query as they go on the wire."""
        ...


def authority_of(url: str) -> str:
    """Host and port of a URL as signed requests name them: lower case, without the scheme's own port.

    Raises ValueError unless `url` is http(s)://host[:port] without path, query or account.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(f"expected an address like https://host or http://127.0.0.1:8443, got {url!r}")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("the address of the server has no account, query or fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    standard = 443 if parts.scheme == "https" else 80
    return host if parts.port in {None, standard} else f"{host}:{parts.port}"


class HttpTransport:
    """HTTP by aiohttp. Use it as an async context manager: it holds a connection."""

    def __init__(self, url: str, *, seconds: float = SEND_SECONDS) -> None:
        authority_of(url)
        self._url = url.rstrip("/")
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._seconds, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """One request. Redirects are not followed: what was signed was signed for one address."""
        assert self._session is not None
        data = None if body is None else io.BytesIO(body)  # written in pieces, so that the loop is not held up
        sent = {"Accept-Encoding": "identity", **headers}
        try:
            async with self._session.request(
                method, f"{self._url}{target}", headers=sent, data=data, allow_redirects=False
            ) as response:
                received = bytearray()
                async for chunk in response.content.iter_chunked(CHUNK):
                    received += chunk
                    if len(received) > MAX_ANSWER:
                        raise NoAnswer(f"the answer is longer than {MAX_ANSWER} bytes")
                kept = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, kept, bytes(received))
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as fault:
            raise NoAnswer(f"{type(fault).__name__}: {fault}") from None
