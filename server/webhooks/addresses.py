"""Where webhooks may go: https, to public addresses, unless a network inside was allowed by name.

A name is resolved when the connection is made, and the connection goes to the addresses that were looked at: a name
that answers differently the second time gains nothing. Invariant: no connection is opened to an address that `may_go`
refuses, whether it came as a name or as digits.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_URL: Final = 1_000
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """An address that webhooks do not go to; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Networks that are not public and may be reached all the same."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Allowed:
        """Networks separated by blanks, such as "10.20.0.0/16 fd00:1::/32". Raises ValueError."""
        return cls(tuple(ipaddress.ip_network(part) for part in text.split()))

    def may_go(self, address: Address) -> bool:
        """Whether a connection to this address may be opened."""
        if any(address in network for network in self.networks if network.version == address.version):
            return True
        inner = _inner(address)
        if inner is not None:
            return self.may_go(inner)
        return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 address leads to, where it leads to one."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def check_url(url: str, allowed: Allowed) -> None:
    """Raise AddressRefused for anything that is not https to a name or to an address that may be reached."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("expected an address such as https://example.org/hook") from None
    if len(url) > MAX_URL or not url.isascii() or any(letter <= " " for letter in url):
        raise AddressRefused(f"expected an address of at most {MAX_URL} ASCII characters without blanks")
    if parts.scheme != "https" or not host:
        raise AddressRefused("expected https:// and a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefused("expected an address without a user, a password or a fragment")
    if port == 0:
        raise AddressRefused("expected a port from 1 to 65535")
    literal = _literal(host)
    if literal is not None and not allowed.may_go(literal):
        raise AddressRefused("expected a public address; networks inside are allowed by the setting webhook_networks")
    if literal is None and ("." not in host.strip(".") or host.endswith((".local", ".internal", ".localhost"))) and (
        not allowed.networks
    ):  # fmt: skip
        raise AddressRefused("expected a public name; networks inside are allowed by the setting webhook_networks")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001 and 2130706433 are addresses to the system's resolver.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


class PublicResolver(AbstractResolver):
    """Names to addresses that may be reached; none left is an error, never a fallback."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError where none may be reached."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        return self.choose(host, port, found)

    def choose(self, host: str, port: int, found: Sequence[tuple[object, ...]]) -> list[ResolveResult]:
        """Of what a resolver answered, what may be reached. Raises OSError where nothing is left."""
        chosen: list[ResolveResult] = []
        for family, _, proto, _, place in found:
            assert isinstance(place, tuple)
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if self._allowed.may_go(address):
                chosen.append(
                    ResolveResult(
                        hostname=host, host=str(address), port=port, family=int(str(int(family))),  # type: ignore[call-overload]
                        proto=int(str(proto)), flags=socket.AI_NUMERICHOST,
                    )
                )  # fmt: skip
        if not chosen:
            raise OSError(None, "the name leads to no address that webhooks may reach")
        return chosen

    async def close(self) -> None:
        """Nothing is held."""
