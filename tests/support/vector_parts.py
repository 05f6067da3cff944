"""What the known answers of event bodies are put together from: invented ids and digests, and ways to damage a body."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

Body = dict[str, Any]
Damage = Callable[[Body], None]


def uid(number: int) -> bytes:
    """A UUIDv7 that is the same in every run."""
    return bytes.fromhex("019b77b0000070008000") + number.to_bytes(6, "big")


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def without(*keys: str | int) -> Damage:
    def damage(body: Body) -> None:
        holder, key = _reach(body, keys)
        del holder[key]

    return damage


def put(value: object, *keys: str | int) -> Damage:
    def damage(body: Body) -> None:
        holder, key = _reach(body, keys)
        holder[key] = value

    return damage


def _reach(body: Any, keys: tuple[str | int, ...]) -> tuple[Any, Any]:
    holder = body
    for key in keys[:-1]:
        holder = holder[key]
    return holder, keys[-1]


TASK, CASE, HAZARD, EVIDENCE, TERMINAL = uid(1), uid(2), uid(3), uid(4), uid(5)
USCC: Final = "91210500MA0TEX018W"
OFFICERS: Final = ["officer-0017", "officer-0023"]
T0: Final = 1767229200000
