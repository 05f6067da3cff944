"""Random draws as acts of the office: announced, the public number entered, revealed by a second person (E11).

The secret is made here and lies sealed to the authority's data key beside the log until the day of the draw: nobody
reads it before, and nobody can choose another one, because the announcement commits to it. The invariants: pools,
secret and announcement are kept in one transaction; what is revealed and its record are one transaction as well.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET

from domain import random_selection as selections
from domain.office.refusals import refused
from domain.random_selection import Announce, Cancel, Command, Enter, Fact, Pools, Reveal, Selection
from domain.workdays import day_of
from schemas import draws, private
from schemas.draws import Drawn
from schemas.entries import Who
from schemas.events.plan import RandomSelectionAnnounced, RecusalEntered
from schemas.private import SealRefused
from server.log import store
from server.log.acts import Act, Placed
from server.log.committer import Committer
from server.log.disclosure_acts import check_body, record_of, replayed
from server.log.group import Group, Turn
from server.log.ids import now_ms, uuid7, uuid_text
from server.log.private_values import sealed
from server.log.repository import VersionedActs

MAX_ACTS: Final = 1_000
SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Standing:
    """A draw with its frozen pools. `drawn` is what comes of the number that was entered, None before that."""

    selection: Selection
    pools: Pools
    is_public: bool
    drawn: Drawn | None = None


@dataclass(frozen=True, slots=True)
class _Loaded:
    version: int
    selection: Selection


class DrawActs:
    """The planners' service. `pool` reads the log (role of the writer), `committer` appends."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool, clock: Callable[[], int] = now_ms) -> None:
        self._committer = committer
        self._pool = pool
        self._clock = clock
        self._queries = store.load_queries("server.log", "office.sql")

    async def look(self, authority: str, draw: bytes) -> Standing:
        """A draw as it stands; the secret stays inside. Raises Problem not_found."""
        selection = (await self._known(authority, draw)).selection
        announced = _announced(selection)
        pools = await self.pools(announced)
        is_public = await self._is_public(selection)
        if selection.revealed is not None:
            told = selection.revealed
            recused = {one.enterprise_id: one.officers for one in told.recused}
            drawn = draws.draw(
                pools.objects, pools.officers, told.secret, told.public, count=announced.objects, team=announced.team,
                recused=recused,
            )  # fmt: skip
            return Standing(selection, pools, is_public, drawn)
        if selection.pending is None:
            return Standing(selection, pools, is_public)
        secret = await self._secret(authority, draw)
        pending = selection.pending
        drawn = selections.drawn_with(announced, pools, secret, pending.public, pending.recused)
        return Standing(selection, pools, is_public, drawn)

    async def announce(
        self, authority: str, draw: bytes, objects: Sequence[str], officers: Sequence[str], who: Who, *, count: int,
        team: int, title: str, public_number: str, draws_on: Any, plan: bytes = b"",
    ) -> Placed:  # fmt: skip
        """Freeze the pools and commit to a new secret. Idempotency: the id of the draw. Raises Problem."""
        secret = secrets.token_hex(SECRET_BYTES)
        command = Announce(
            tuple(objects), tuple(officers), count, team, title, public_number, draws_on, draws.commitment(secret), plan
        )
        book = self._committer.book
        state = book.current(authority) or await book.newest(self._pool, authority)
        if state is None:
            raise refused("not_ready", "本机关的日志没有开启。", "the log of this authority is not open")
        if await self._pool.fetchrow(self._queries["draw_secret"], store.uuid(draw)) is not None:
            raise refused("conflict", "这个编号的抽取已经公告。", "a draw of this id was announced already")
        keys = await asyncio.to_thread(book.keyring.epoch, authority, state.epoch)
        commitment, hidden = sealed(secret, keys.data_public)
        files = tuple(draws.pool_text(pool).encode() for pool in (objects, officers))
        return await self._act(
            authority, draw, lambda _: command, who, files=files, secret=(store.uuid(draw), commitment, hidden)
        )

    async def enter(
        self, authority: str, draw: bytes, public: str, recused: Sequence[RecusalEntered], who: Who
    ) -> Placed:
        """Enter the public number and who is recused; again: replaces what waits. Raises Problem."""
        known = await self._known(authority, draw)
        pools, secret = await self.pools(_announced(known.selection)), await self._secret(authority, draw)
        is_public = await self._is_public(known.selection)
        command = Enter(public, tuple(recused), _name(who), pools, secret, is_public)
        return await self._act(authority, draw, lambda _: command, who)

    async def reveal(self, authority: str, draw: bytes, preparation: bytes, who: Who) -> Placed:
        """A second person tells the secret. Idempotency: the preparation – again it is `conflict`. Raises Problem."""
        known = await self._known(authority, draw)
        pools, secret = await self.pools(_announced(known.selection)), await self._secret(authority, draw)
        is_public = await self._is_public(known.selection)

        def command(received: int) -> Command:
            return Reveal(preparation, _name(who), pools, secret, is_public, received)

        return await self._act(authority, draw, command, who)

    async def cancel(self, authority: str, draw: bytes, reason: str, who: Who) -> Placed:
        """The draw will not be made. Raises Problem."""
        return await self._act(authority, draw, lambda _: Cancel(reason, _name(who)), who)

    async def pools(self, announced: RandomSelectionAnnounced) -> Pools:
        """The frozen pools, held against the digests that the announcement names. Raises Problem not_ready."""
        found = []
        for inline, digest in (
            (announced.object_pool, announced.object_pool_hash),
            (announced.officer_pool, announced.officer_pool_hash),
        ):
            if not inline:
                content = await self._pool.fetchval(self._queries["file_content"], digest)
                if content is None:
                    raise refused(
                        "not_ready", "日志之外保存的名录缺失：请管理员运行 liuhen verify。",
                        "a pool beside the log is absent: run `liuhen verify`",
                    )  # fmt: skip
                inline = tuple(bytes(content).decode().splitlines())
            if draws.pool_hash(inline) != digest:
                raise refused(
                    "not_ready", "日志之外保存的名录被改动过：请管理员运行 liuhen verify。",
                    "a pool beside the log was changed: run `liuhen verify`",
                )  # fmt: skip
            found.append(inline)
        return Pools(found[0], found[1])

    async def _act(
        self, authority: str, draw: bytes, command: Callable[[int], Command], who: Who, *,
        files: Sequence[bytes] = (), secret: tuple[Any, bytes, bytes] | None = None,
    ) -> Placed:  # fmt: skip
        loaded, received = await self._load(authority, draw), self._clock()
        facts = selections.decide(loaded.selection, command(received), day_of(received))
        for fact in facts:
            check_body(fact)
        work = DrawWork(
            self._queries["version_of"], authority, loaded.selection, loaded.version, facts, who, received,
            files=files, secret=secret,
        )  # fmt: skip
        placed: Placed = await self._committer.submit(work)
        return placed

    async def _load(self, authority: str, draw: bytes) -> _Loaded:
        rows = await self._pool.fetch(self._queries["acts_of"], authority, store.uuid(draw), MAX_ACTS)
        return _Loaded(*replayed(rows, Selection(draw), selections.evolve))

    async def _known(self, authority: str, draw: bytes) -> _Loaded:
        loaded = await self._load(authority, draw)
        if not loaded.version:
            raise refused("not_found", "没有这个编号的抽取。", "there is no draw of this id")
        return loaded

    async def _is_public(self, selection: Selection) -> bool:
        record = store.uuid(record_of(selection.announcement))
        return bool(await self._pool.fetchval(self._queries["is_public"], record))

    async def _secret(self, authority: str, draw: bytes) -> str:
        row = await self._pool.fetchrow(self._queries["draw_secret"], store.uuid(draw))
        if row is None:
            raise refused(
                "not_ready", "这次抽取的种子不在本机：只能取消。",
                "the secret of the draw is not here: it can only be cancelled",
            )  # fmt: skip
        keys = await asyncio.to_thread(self._committer.book.keyring.data_keys, authority)
        try:
            value = private.open_sealed(bytes(row["sealed"]), bytes(row["commitment"]), keys).value
        except SealRefused:
            raise refused(
                "not_ready", "这次抽取的种子无法解开：只能取消。",
                "the secret of the draw does not open: it can only be cancelled",
            ) from None  # fmt: skip
        return str(value)


class DrawWork(VersionedActs):
    """Acts on one draw, with pools and secret of an announcement: all in the transaction of their group."""

    def __init__(
        self, version_of: str, authority: str, selection: Selection, version: int, facts: Sequence[Fact], who: Who,
        received: int, *, files: Sequence[bytes] = (), secret: tuple[Any, bytes, bytes] | None = None,
    ) -> None:  # fmt: skip
        acts = [
            Act(
                type=fact.SPEC.name,
                about=_tags(authority, selection, fact),
                body=msgspec.to_builtins(fact, builtin_types=(bytes,)),
                origin=selection.id,
                version=version + number,
                id=uuid7(),
            )
            for number, fact in enumerate(facts, start=1)
        ]
        self._files = files
        self._secret = secret
        self._row = _row(authority, selection, acts, facts, received)
        super().__init__(version_of, authority, acts, who, received)
        self.size = 65_536 * len(acts)

    def ready(self, turn: Turn, group: Group) -> Sequence[Act]:
        """What lies beside the log is kept with the acts."""
        group.statements.extend(("keep_file", (sha256(one).digest(), one)) for one in self._files)
        if self._secret is not None:
            group.statements.append(("keep_draw_secret", self._secret))
        group.statements.append(("keep_draw", self._row))
        return super().ready(turn, group)


def _row(
    authority: str, selection: Selection, acts: Sequence[Act], facts: Sequence[Fact], received: int
) -> tuple[Any, ...]:
    after = selection
    for act, fact in zip(acts, facts, strict=True):
        after = selections.evolve(after, act.id, fact)
    announced = _announced(after)
    result: UUID | None = store.uuid(after.result) if after.result else None
    return (
        store.uuid(after.id), authority, acts[-1].version, after.status, announced.title or "", announced.draws_on,
        announced.objects, announced.team, store.uuid(after.announcement), result, after.pending is not None, received,
    )  # fmt: skip


def _tags(authority: str, selection: Selection, fact: Fact) -> list[str]:
    announced = fact if isinstance(fact, RandomSelectionAnnounced) else selection.announced
    plan = UNSET if announced is None else announced.plan_id
    return sorted([f"authority:{authority}", *(() if plan is UNSET else (f"plan:{uuid_text(plan)}",))])


def _announced(selection: Selection) -> RandomSelectionAnnounced:
    assert selection.announced is not None, "a draw begins with its announcement"
    return selection.announced


def _name(who: Who) -> str:
    return who.officer if isinstance(who.officer, str) else ""
