"""Random draws that anybody can repeat: frozen pools, a committed seed, and who is drawn (双随机, steps A1 and A2).

The pools and the SHA-256 of a secret are in the log before the day of the draw; then the secret is told, and with it a
public number that nobody knew when it was committed to. The invariant: from these four (two pools, secret, public
number) everybody computes the same names, with SHA-256 and sorting alone; server/public/verifier/draw.py is the
whole of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

ALGORITHM: Final = "liuhen-draw-1"
MIN_SECRET: Final = 32
"""Characters of a secret at least: 128 bits as hexadecimal digits."""


class DrawRefused(ValueError):
    """A draw that cannot be made: what was expected, what came; `zh` says the same in Chinese."""

    def __init__(self, zh: str, en: str) -> None:
        """Both sentences."""
        super().__init__(en)
        self.zh = zh


@dataclass(frozen=True, slots=True)
class Team:
    """An enterprise that was drawn, and the officers who inspect it, in the order in which they were drawn."""

    enterprise: str
    officers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stepped:
    """An officer whose turn it was for an enterprise and who is recused there; `by` came instead."""

    enterprise: str
    officer: str
    by: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of a draw."""

    teams: tuple[Team, ...]
    stepped: tuple[Stepped, ...]


def pool_text(ids: Iterable[str]) -> str:
    """A pool as it is hashed, kept and published: each id once, one a line, in the order of their UTF-8 bytes."""
    return "".join(f"{one}\n" for one in sorted(set(ids), key=lambda one: one.encode()))


def pool_hash(ids: Iterable[str]) -> bytes:
    """SHA-256 of `pool_text` in UTF-8."""
    return sha256(pool_text(ids).encode()).digest()


def commitment(secret: str) -> bytes:
    """SHA-256 of the secret, as it is announced before the draw. Raises DrawRefused for one that could be guessed."""
    if len(secret) < MIN_SECRET:
        raise DrawRefused(
            f"种子至少应有 {MIN_SECRET} 个字符，现有 {len(secret)} 个",
            f"expected a secret of at least {MIN_SECRET} characters, got {len(secret)}",
        )
    return sha256(f"liuhen draw secret v1\n{secret}".encode()).digest()


def ranked(ids: Iterable[str], secret: str, public: str, kind: str) -> list[str]:
    """A pool in the order of the draw: by SHA-256 of the seed, the kind of pool ("object", "officer") and the id."""
    seed = f"liuhen draw v1\n{secret}\n{public}\n{kind}\n"
    return sorted(set(ids), key=lambda one: sha256(f"{seed}{one}".encode()).digest())


def draw(
    objects: Collection[str],
    officers: Collection[str],
    secret: str,
    public: str,
    *,
    count: int,
    team: int,
    recused: Mapping[str, Collection[str]] | None = None,
) -> Drawn:
    """The first `count` enterprises of their order, each with the next `team` officers in turn.

    Officers wait in the order of the draw; who was drawn goes to the end. `recused` names, for an enterprise, who may
    not inspect it: their turn passes to the next and they keep their place. Raises DrawRefused.
    """
    if not 1 <= count <= len(set(objects)):
        most = len(set(objects))
        raise DrawRefused(
            f"抽取对象数应为 1 到 {most}，现为 {count}", f"expected 1 to {most} enterprises to be drawn, got {count}"
        )
    if not 1 <= team <= len(set(officers)):
        most = len(set(officers))
        raise DrawRefused(
            f"每组人数应为 1 到 {most}，现为 {team}", f"expected teams of 1 to {most} officers, got {team}"
        )
    waiting = deque(ranked(officers, secret, public, "officer"))
    teams: list[Team] = []
    stepped: list[Stepped] = []
    for enterprise in ranked(objects, secret, public, "object")[:count]:
        barred = frozenset((recused or {}).get(enterprise, ()))
        fit = [one for one in waiting if one not in barred][:team]
        if len(fit) < team:
            raise DrawRefused(
                f"{enterprise} 需要 {team} 名无须回避的执法人员，现有 {len(fit)} 名",
                f"expected {team} officers who are not recused for {enterprise}, there are {len(fit)}",
            )
        passed = [one for one in _before(waiting, fit[-1]) if one in barred]
        # Whoever stepped aside is replaced by those who would not have come without it: the last of the team.
        stepped += [Stepped(enterprise, one, by) for one, by in zip(passed, reversed(fit), strict=False)]
        for one in fit:
            waiting.remove(one)
            waiting.append(one)
        teams.append(Team(enterprise, tuple(fit)))
    return Drawn(tuple(teams), tuple(stepped))


def _before(waiting: Sequence[str], last: str) -> list[str]:
    found: list[str] = []
    for one in waiting:
        if one == last:
            break
        found.append(one)
    return found
