"""An office act end to end: a terminal's aggregate, loaded from the log, decided in the domain, appended as a leaf."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schemas import entries, merkle
from schemas.entries import OfficeEntry, Who
from schemas.notes import open_checkpoint
from schemas.problems import Problem
from server.log import epochs, store
from server.log.acts import Placed
from server.log.terminal_acts import TerminalActs
from server.log.terminals import decode_rare
from tests.support.log import AUTHORITY, HOST, Log, PaperTerminal, enrol, now, open_log, send
from tests.support.postgres import TestDatabase

LIN = Who(officer="officer-0017", session=bytes(32), via="console")
ZHAO = Who(officer="officer-0023", session=bytes(31) + b"\x01", via="console")


@pytest.fixture
async def log(database: TestDatabase, short_folder: Path) -> AsyncIterator[Log]:
    async with open_log(database.dsn("liuhen_writer"), short_folder, authorities=(AUTHORITY, "210600")) as opened:
        yield opened


@pytest.fixture
def acts(log: Log) -> TerminalActs:
    return TerminalActs(log.committer, log.pool)


async def row_of(log: Log, terminal: PaperTerminal) -> Any:
    return await log.pool.fetchrow(log.book.queries["terminals"], [store.uuid(terminal.id)])


async def forked(log: Log) -> tuple[PaperTerminal, PaperTerminal, bytes]:
    """A terminal copied into two hands: both wrote a seq 2. Returns the honest one, the copy and the branch's id."""
    honest = PaperTerminal()
    await enrol(log, honest)
    await send(log, honest.batch([honest.envelope()]))
    copy = honest.clone()
    await send(log, honest.batch([honest.envelope()]))
    await send(log, copy.batch([copy.envelope()]))
    rare = decode_rare((await row_of(log, honest))["rare"])
    return honest, copy, rare.branches[0].id


async def act_at(log: Log, placed: Placed) -> OfficeEntry:
    data = await log.pool.fetchval(
        "SELECT entry FROM log.entries WHERE log_id = $1 AND position = $2", placed.log_id, placed.positions[0]
    )
    entry = entries.decode_strict(bytes(data))
    assert isinstance(entry, OfficeEntry)
    return entry


async def test_an_officer_resolves_a_fork_and_releases_the_terminal(log: Log, acts: TerminalActs) -> None:
    honest, _, _ = await forked(log)
    assert (await row_of(log, honest))["held"]
    resolved = await acts.resolve_fork(AUTHORITY, honest.id, None, "the second device was a clone", LIN)
    assert (await row_of(log, honest))["held"], "a resolved terminal stays held until it is released"
    released = await acts.release(AUTHORITY, honest.id, "the clone was taken in", ZHAO)
    row = await row_of(log, honest)
    assert not row["held"]
    assert decode_rare(row["rare"]).open_branches == 0
    assert row["version"] == 3

    first, second = await act_at(log, resolved), await act_at(log, released)
    assert (first.y, first.q, first.o, first.w.officer) == ("terminal.fork_resolved.v1", 2, honest.id, "officer-0017")
    assert first.b == {"branch": "stored", "reason": "the second device was a clone", "terminal": honest.id}
    assert (second.y, second.q, second.w.officer) == ("terminal.released.v1", 3, "officer-0023")
    assert second.b == {"reason": "the clone was taken in", "terminal": honest.id}
    await send(log, honest.batch([honest.envelope()]))
    row = await row_of(log, honest)
    assert row["seq"] == 3
    assert not row["held"], "the honest terminal goes on"


async def test_an_officer_lets_the_other_branch_continue(log: Log, acts: TerminalActs) -> None:
    honest, copy, branch = await forked(log)
    placed = await acts.resolve_fork(AUTHORITY, honest.id, branch, "the first device was the clone", LIN)
    assert (await act_at(log, placed)).b["branch"] == branch
    await acts.release(AUTHORITY, honest.id, "checked", LIN)
    await send(log, copy.batch([copy.envelope()]))
    row = await row_of(log, honest)
    assert (row["seq"], bytes(row["hash"])) == (3, copy.prev)


async def test_an_act_is_a_leaf_that_the_signed_note_covers(log: Log, acts: TerminalActs) -> None:
    honest, _, _ = await forked(log)
    placed = await acts.resolve_fork(AUTHORITY, honest.id, None, "why", LIN)
    rows = await log.pool.fetch("SELECT entry FROM log.entries WHERE log_id = $1 ORDER BY position", placed.log_id)
    state = await log.book.newest(log.pool, AUTHORITY)
    assert state is not None
    checkpoint = open_checkpoint(placed.note, state.verifier, state.origin)
    assert checkpoint.size == len(rows) == placed.positions[0] + 1
    assert merkle.root_of([merkle.leaf_hash(bytes(row["entry"])) for row in rows]) == checkpoint.root


async def test_two_officers_at_once_one_wins_and_the_other_is_told_so(log: Log, acts: TerminalActs) -> None:
    honest, _, branch = await forked(log)
    outcomes = await asyncio.gather(
        acts.resolve_fork(AUTHORITY, honest.id, None, "the first chain is good", LIN),
        acts.resolve_fork(AUTHORITY, honest.id, branch, "the second chain is good", ZHAO),
        return_exceptions=True,
    )
    won = [o for o in outcomes if isinstance(o, Placed)]
    lost = [o for o in outcomes if isinstance(o, Problem)]
    assert (len(won), [p.code for p in lost]) == (1, ["conflict"])
    written = "SELECT count(*) FROM log.keys WHERE origin = $1 AND chain = -1"
    assert await log.pool.fetchval(written, store.uuid(honest.id)) == 2, "the enrolment and the one act that won"


async def test_two_server_processes_at_once_one_wins(log: Log, acts: TerminalActs, short_folder: Path) -> None:
    honest, _, _ = await forked(log)
    await acts.resolve_fork(AUTHORITY, honest.id, None, "why", LIN)
    async with open_log(log.dsn, short_folder) as second:
        others = TerminalActs(second.committer, second.pool)
        outcomes = await asyncio.gather(
            acts.release(AUTHORITY, honest.id, "one", LIN),
            others.release(AUTHORITY, honest.id, "two", ZHAO),
            return_exceptions=True,
        )
    assert sorted(type(o).__name__ for o in outcomes) == ["Placed", "Problem"]


async def held_up(log: Log, *coroutines: Any) -> list[Any]:
    """Begin one after the other while the head is locked elsewhere: all have read before the first is appended."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    connection = await store.connect(log.dsn)
    tasks: list[asyncio.Task[Any]] = []
    begun = log.committer.figures.works
    try:
        async with connection.transaction(), asyncio.timeout(10):
            await connection.fetch("SELECT * FROM log.lock_heads((SELECT array_agg(log_id) FROM log.logs))")
            for behind, coroutine in enumerate(coroutines):
                tasks.append(asyncio.create_task(coroutine))
                # The first waits for the lock, in a transaction; the others queue up behind it.
                while await connection.fetchval(waits) != 1 or len(log.committer._queue) != behind:
                    pass
    finally:
        await connection.close()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert log.committer.figures.works > begun
    return outcomes


async def test_an_upload_between_reading_and_appending_is_no_conflict(log: Log, acts: TerminalActs) -> None:
    terminal = PaperTerminal()
    await enrol(log, terminal)
    upload = send(log, terminal.batch([terminal.envelope(), terminal.envelope()]))
    _, revoked = await held_up(log, upload, acts.revoke(AUTHORITY, terminal.id, "lost on a bus", LIN))
    assert isinstance(revoked, Placed)
    body = (await act_at(log, revoked)).b
    assert body["declared"] == (await row_of(log, terminal))["revoked"] == 2, "decided anew on what has come in"


async def test_another_officers_act_between_reading_and_appending_is_a_conflict(log: Log, acts: TerminalActs) -> None:
    honest, _, _ = await forked(log)
    await acts.resolve_fork(AUTHORITY, honest.id, None, "why", LIN)
    first, second = await held_up(
        log, acts.release(AUTHORITY, honest.id, "one", LIN), acts.release(AUTHORITY, honest.id, "two", ZHAO)
    )
    assert isinstance(first, Placed)
    assert isinstance(second, Problem)
    assert (second.code, second.fields) == ("conflict", {"expected": 4}), "both had read version 2"


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 501, "a\0b"])
async def test_an_act_needs_a_reason_in_words(log: Log, acts: TerminalActs, reason: str) -> None:
    honest, _, _ = await forked(log)
    with pytest.raises(Problem) as refused:
        await acts.resolve_fork(AUTHORITY, honest.id, None, reason, LIN)
    assert refused.value.code == "bad_request"


async def test_what_cannot_be_done_is_refused_and_leaves_no_entry(log: Log, acts: TerminalActs) -> None:
    calm = PaperTerminal()
    await enrol(log, calm)
    honest, _, _ = await forked(log)
    before = (await log.head())["size"]
    attempts = {
        "not_found": [acts.resolve_fork(AUTHORITY, honest.id, secrets.token_bytes(32), "why", LIN)],
        "conflict": [
            acts.release(AUTHORITY, honest.id, "a fork is open", LIN),
            acts.release(AUTHORITY, calm.id, "it is not held", LIN),
            acts.resolve_fork(AUTHORITY, calm.id, None, "it has no fork", LIN),
        ],
        "unknown_terminal": [
            acts.release(AUTHORITY, secrets.token_bytes(16), "nobody", LIN),
            acts.release(AUTHORITY, b"short", "nobody", LIN),
            acts.resolve_fork("210600", honest.id, None, "of another authority", LIN),
            acts.revoke("999999", honest.id, "an authority without a log", LIN),
        ],
    }
    for code, calls in attempts.items():
        for call in calls:
            with pytest.raises(Problem) as refused:
                await call
            assert refused.value.code == code
    assert (await log.head())["size"] == before


async def test_a_revoked_terminal_stays_held(log: Log, acts: TerminalActs) -> None:
    terminal = PaperTerminal()
    await enrol(log, terminal)
    await send(log, terminal.batch([terminal.envelope()], declared=4))
    placed = await acts.revoke(AUTHORITY, terminal.id, "lost on a bus", LIN)
    assert (await act_at(log, placed)).b == {"declared": 4, "reason": "lost on a bus", "terminal": terminal.id}
    for again in (acts.release, acts.revoke):
        with pytest.raises(Problem) as refused:
            await again(AUTHORITY, terminal.id, "found again", LIN)
        assert refused.value.code == "conflict"


async def test_versions_go_on_in_the_next_epoch(log: Log, acts: TerminalActs) -> None:
    honest, _, _ = await forked(log)
    await acts.resolve_fork(AUTHORITY, honest.id, None, "why", LIN)
    connection = await store.connect(log.dsn)
    try:
        await epochs.begin_epoch(
            connection, log.book.queries, log.keyring, log.register, authority=AUTHORITY, host=HOST, received=now()
        )
    finally:
        await connection.close()
    placed = await acts.release(AUTHORITY, honest.id, "after the new epoch", LIN)
    assert placed.epoch == 2
    assert (await act_at(log, placed)).q == 3
