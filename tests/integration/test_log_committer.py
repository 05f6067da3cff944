"""The committer: groups, culprits and neighbours, identical works, and what two committers make of one log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from msgspec import UNSET

from schemas import entries, receipt
from schemas.batch import Batch, envs_hash
from schemas.problems import Problem
from schemas.receipt import Receipt
from server.log import store
from server.log.book import Book
from server.log.committer import MAX_WAITING, Committer
from server.log.group import Group, Turn
from server.log.store import Connection
from tests.support import log as support
from tests.support.log import AUTHORITY, Log, PaperTerminal, enrol, open_log, send, uuid7
from tests.support.postgres import TestDatabase
from tests.support.server import Ledger, audit, until


class Gate:
    """Holds the committer at the lock until the queue is as a test wants it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.reached = asyncio.Event()
        self.open.set()

    async def __call__(self, step: str) -> None:
        if step == "locked" and not self.open.is_set():
            self.reached.set()
            await self.open.wait()

    async def hold(self, log: Log, terminal: PaperTerminal) -> asyncio.Task[bytes]:
        """Occupy the committer with a heartbeat."""
        self.open.clear()
        self.reached.clear()
        task = asyncio.create_task(send(log, terminal.batch([], declared=terminal.seq)))
        await self.reached.wait()
        return task


async def queued(log: Log, count: int) -> None:
    """Wait until works wait."""
    await until(lambda: len(log.committer._queue) >= count, pause=0)


class Culprit:
    """A work that is decided and then cannot be written: its key stands already, or its entry is too long."""

    authority = AUTHORITY
    size = 100

    def __init__(self, how: str) -> None:
        self._how = how

    def terminals(self) -> Sequence[bytes]:
        return ()

    def places(self, group: Group) -> None:
        return None

    def ids(self) -> Sequence[bytes]:
        return ()

    async def read(self, connection: Connection, turn: Turn, group: Group, book: Book) -> None:
        if self._how == "read":
            await connection.fetch("SELECT 1 / 0")

    def decide(self, turn: Turn, group: Group) -> None:
        position = turn.append(b"x" * (70_000 if self._how == "entry" else 10))
        if self._how == "decide":
            raise ZeroDivisionError
        for _ in range(2):
            turn.key(bytes(16), 1, 0, position)

    async def answer(self, turn: Turn, committer: Committer) -> Any:
        raise AssertionError("it was never written")


def decoded(data: bytes) -> Receipt:
    return receipt.decode(data)[0]


@pytest.mark.parametrize("how", ["read", "decide", "key", "entry"])
async def test_a_work_that_cannot_be_written_fails_alone_and_its_neighbours_get_receipts(
    database: TestDatabase, short_folder: Path, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    gate = Gate()
    async with open_log(database.dsn("liuhen_writer"), short_folder, hook=gate, ahead=False) as log:
        terminals = [PaperTerminal() for _ in range(5)]
        for terminal in terminals:
            await enrol(log, terminal)
        holding = await gate.hold(log, terminals.pop())
        sent = [[t.envelope(), t.envelope()] for t in terminals]
        works: list[Any] = [send(log, t.batch(s)) for t, s in zip(terminals, sent, strict=True)]
        works.insert(2, log.committer.submit(Culprit(how)))
        tasks = [asyncio.ensure_future(work) for work in works]
        await queued(log, 5)
        gate.open.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        await holding
        culprit = answers.pop(2)
        assert isinstance(culprit, Problem)
        assert (culprit.code, len(str(culprit.fields["incident"]))) == ("internal", 16)
        ledger = Ledger()
        for envelopes, answer in zip(sent, answers, strict=True):
            assert isinstance(answer, bytes), answer
            assert [r.outcome for r in decoded(answer).results] == ["recorded"] * 2
            ledger.note(envelopes, decoded(answer))
        assert log.committer.figures.retried == 1, "they were in one group"
        # The committer goes on.
        assert decoded(await send(log, terminals[1].batch([terminals[1].envelope()]))).results[0].outcome == "recorded"
    ledger.check(await audit(database.dsn()))
    told = capfd.readouterr()
    assert "commit_failed" in told.out + told.err
    assert "78787878" not in told.out + told.err, "the log does not quote what was refused"


@pytest.mark.parametrize("by_reader", [False, True])
async def test_whoever_read_a_batch_its_seal_says_what_its_terminal_signed(
    by_reader: bool, database: TestDatabase, short_folder: Path
) -> None:
    outcomes: list[list[str]] = []
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        terminal = PaperTerminal()
        await enrol(log, terminal)
        old = terminal.clone()
        plain = [terminal.envelope() for _ in range(3)]
        odd = [terminal.envelope(), terminal.raw(b"\xc1"), terminal.envelope(type="never.heard_of.v1")]
        other = [old.envelope(), old.envelope()]
        batches = [
            terminal.batch(plain, first=1, declared=6), terminal.batch(odd), terminal.batch(plain + odd, first=1),
            terminal.batch([], declared=9), old.batch(other),
        ]  # fmt: skip
        sealed = []
        for batch in batches:
            answer = decoded(await send(log, batch, by_reader=by_reader))
            outcomes.append([result.outcome for result in answer.results])
            assert answer.seal is not UNSET
            seal = entries.decode(answer.seal)
            assert isinstance(seal, entries.SealEntry)
            sealed.append((seal.f, seal.c, seal.h, seal.x, seal.s))
    expected = [(b.first, len(b.envelopes), *heads(b), b.sig) for b in batches]
    assert sealed == [expected[0], expected[1], expected[1], expected[3], expected[4]], "duplicates write no seal"
    assert outcomes == [["recorded"] * 3, ["recorded"] * 3, ["duplicate"] * 6, [], ["forked"] * 2]
    await audit(database.dsn())


def heads(batch: Batch) -> tuple[bytes, bytes]:
    """Hash of the last envelope, or `head`, and `envs` as the terminal signs them."""
    hashes = [sha256(e).digest() for e in batch.envelopes]
    return (hashes[-1] if hashes else bytes(batch.head or b"")), envs_hash(hashes)


async def test_identical_batches_in_one_group_are_written_once(database: TestDatabase, short_folder: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        batch = t1.batch([t1.envelope() for _ in range(5)])
        answers = [decoded(a) for a in await asyncio.gather(*(send(log, batch) for _ in range(40)))]
        assert len({tuple(r.position for r in a.results) for a in answers}) == 1
        assert sum(a.results[0].outcome == "recorded" for a in answers) == 1
    assert (await audit(database.dsn())).count(t1.id) == 5


async def test_a_refused_work_leaves_nothing_in_the_group_of_its_neighbours(
    database: TestDatabase, short_folder: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        good, gap = PaperTerminal(), PaperTerminal()
        for terminal in (good, gap):
            await enrol(log, terminal)
        gap.envelope()
        answers = await asyncio.gather(
            send(log, gap.batch([gap.envelope()])), send(log, good.batch([good.envelope()])), return_exceptions=True
        )
        assert isinstance(answers[0], Problem)
        assert (answers[0].code, answers[0].fields) == ("gap", {"expected": 1})
        assert isinstance(answers[1], bytes)
    found = await audit(database.dsn())
    assert (found.count(gap.id), found.count(good.id)) == (0, 1)


async def test_two_committers_on_one_log_take_turns_and_leave_no_gap(
    database: TestDatabase, short_folder: Path
) -> None:
    dsn = database.dsn("liuhen_writer")
    ledger = Ledger()
    async with open_log(dsn, short_folder) as one, open_log(dsn, short_folder) as two:
        terminals = [PaperTerminal() for _ in range(8)]
        for terminal in terminals:
            await enrol(one, terminal)

        async def upload(number: int, terminal: PaperTerminal) -> None:
            for turn in range(6):
                envelopes = [terminal.envelope() for _ in range(3)]
                batch = terminal.batch(envelopes)
                both = await asyncio.gather(
                    send((one, two)[(number + turn) % 2], batch), send((two, one)[(number + turn) % 2], batch)
                )
                for answer in both:
                    ledger.note(envelopes, decoded(answer))

        await asyncio.gather(*(upload(n, t) for n, t in enumerate(terminals)))
    found = await audit(database.dsn())
    ledger.check(found)
    assert [found.count(t.id) for t in terminals] == [18] * 8


async def test_a_queue_that_is_full_refuses_at_once(database: TestDatabase, short_folder: Path) -> None:
    gate = Gate()
    async with open_log(database.dsn("liuhen_writer"), short_folder, hook=gate) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        holding = await gate.hold(log, t1)
        waiting = [asyncio.create_task(log.committer.submit(Culprit("decide"))) for _ in range(MAX_WAITING)]
        await queued(log, MAX_WAITING)
        with pytest.raises(Problem) as refused:
            await log.committer.submit(Culprit("decide"))
        assert refused.value.code == "overloaded"
        for task in waiting:
            task.cancel()
        gate.open.set()
        assert await holding
        await asyncio.gather(*waiting, return_exceptions=True)
        assert decoded(await send(log, t1.batch([t1.envelope()]))).results[0].outcome == "recorded"


@pytest.mark.parametrize(
    ("step", "ahead"), [("locked", False), ("signed", False), ("written", False), ("signed", True)]
)
async def test_a_connection_that_is_lost_before_the_commit_is_retried_and_recorded_once(
    database: TestDatabase, short_folder: Path, step: str, *, ahead: bool
) -> None:
    owner = await database.connect()
    armed: list[str] = []

    async def cut(passed: str) -> None:
        if armed and passed == armed[0]:
            armed.pop()
            await owner.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'liuhen committer' AND datname = current_database()"
            )

    async with open_log(database.dsn("liuhen_writer"), short_folder, hook=cut, ahead=ahead) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        armed.append(step)
        told = decoded(await send(log, t1.batch([t1.envelope() for _ in range(3)])))
        assert [result.outcome for result in told.results] == ["recorded"] * 3
        assert not armed
        assert decoded(await send(log, t1.batch([t1.envelope()]))).head.seq == 4
    assert (await audit(database.dsn())).count(t1.id) == 4
    await owner.close()


async def test_a_commit_whose_answer_is_lost_is_read_back_and_not_repeated(
    database: TestDatabase, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, lost = store.commit, [0]

    async def commit_and_cut(connection: Connection) -> None:
        await commit(connection)
        if lost[0] > 0:
            lost[0] -= 1
            connection.terminate()
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    async with open_log(database.dsn("liuhen_writer"), short_folder, ahead=False) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        monkeypatch.setattr(store, "commit", commit_and_cut)
        for turn in range(3):
            lost[0] = 1
            told = decoded(await send(log, t1.batch([t1.envelope(), t1.envelope()])))
            assert [result.outcome for result in told.results] == ["recorded"] * 2, "it was stored: no second time"
            assert (lost[0], told.head.seq) == (0, 2 * turn + 2)
    assert (await audit(database.dsn())).count(t1.id) == 6


# -- groups that are decided ahead of the lock --


class Flying:
    """Holds groups that were decided ahead of the lock, before they are written and behind it, as a test wants it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.groups: list[int] = []
        self.after: list[BaseException] = []
        append = Committer._append

        async def held(committer: Committer, flight: Any) -> Any:
            self.groups.append(len(flight.decided))
            await self.open.wait()
            row = await append(committer, flight)
            if self.after:
                flight.connection.terminate()
                raise self.after.pop()
            return row

        monkeypatch.setattr(Committer, "_append", held)

    async def reached(self, groups: int) -> None:
        """Wait until so many groups are on their way."""
        await until(lambda: len(self.groups) >= groups, pause=0)


async def test_the_next_group_is_decided_while_the_one_before_it_is_written(
    database: TestDatabase, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flying, ledger = Flying(monkeypatch), Ledger()
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        terminals = [PaperTerminal() for _ in range(3)]
        for terminal in terminals:
            await enrol(log, terminal)
        flying.open.clear()
        works = []
        for number, terminal in enumerate(terminals, 1):
            envelopes = [terminal.envelope(), terminal.envelope()]
            works.append((envelopes, asyncio.create_task(send(log, terminal.batch(envelopes)))))
            if number < 3:
                await flying.reached(number)
        await queued(log, 1)
        assert flying.groups == [1, 1], "two are on their way, the third waits"
        flying.open.set()
        for envelopes, work in works:
            ledger.note(envelopes, decoded(await work))
        assert flying.groups == [1, 1, 1], "none was decided again"
    ledger.check(await audit(database.dsn()))


async def test_what_was_foreseen_and_did_not_come_is_decided_again_under_the_lock(
    database: TestDatabase, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flying, ledger = Flying(monkeypatch), Ledger()
    dsn = database.dsn("liuhen_writer")
    async with open_log(dsn, short_folder) as one, open_log(dsn, short_folder, ahead=False) as two:
        terminals = [PaperTerminal() for _ in range(3)]
        for terminal in terminals:
            await enrol(one, terminal)
        flying.open.clear()
        works = []
        for number, terminal in enumerate(terminals[:2], 1):
            envelopes = [terminal.envelope() for _ in range(3)]
            works.append((envelopes, asyncio.create_task(send(one, terminal.batch(envelopes)))))
            await flying.reached(number)
        # Meanwhile another process moves the head.
        other = [terminals[2].envelope()]
        ledger.note(other, decoded(await send(two, terminals[2].batch(other))))
        flying.open.set()
        for envelopes, work in works:
            told = decoded(await work)
            assert [result.outcome for result in told.results] == ["recorded"] * 3
            ledger.note(envelopes, told)
        assert one.committer.figures.works == 5, "what was not stored does not count"
        # As long as others write, nothing is foreseen: the next one is decided under the lock.
        more = [terminals[0].envelope()]
        ledger.note(more, decoded(await send(one, terminals[0].batch(more))))
        assert flying.groups == [1, 1]
    ledger.check(await audit(database.dsn()))


async def test_a_group_stands_behind_one_that_another_process_wrote_just_the_same(
    database: TestDatabase, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flying, ledger = Flying(monkeypatch), Ledger()
    dsn = database.dsn("liuhen_writer")
    moment = support.now()
    monkeypatch.setattr(support, "now", lambda: moment)  # both processes receive it at the same time
    async with open_log(dsn, short_folder) as one, open_log(dsn, short_folder, ahead=False) as two:
        terminals = [PaperTerminal() for _ in range(2)]
        for terminal in terminals:
            await enrol(one, terminal)
        flying.open.clear()
        batches = [(made := [t.envelope() for _ in range(3)], t.batch(made)) for t in terminals]
        works = []
        for number, (_, batch) in enumerate(batches, 1):
            works.append(asyncio.create_task(send(one, batch)))
            await flying.reached(number)
        ledger.note(batches[0][0], decoded(await send(two, batches[0][1])))
        assert two.book.current(AUTHORITY).note == one.committer._flights[0].grown[0].note  # type: ignore[union-attr]
        flying.open.set()
        for (envelopes, _), work in zip(batches, works, strict=True):
            ledger.note(envelopes, decoded(await work))
        more = [terminals[1].envelope()]
        ledger.note(more, decoded(await send(one, terminals[1].batch(more))))
    found = await audit(database.dsn())
    ledger.check(found)
    assert [found.count(t.id) for t in terminals] == [3, 4]


async def test_a_group_whose_answer_is_lost_is_read_back_with_the_one_behind_it(
    database: TestDatabase, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flying, ledger = Flying(monkeypatch), Ledger()
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        terminals = [PaperTerminal() for _ in range(2)]
        for terminal in terminals:
            await enrol(log, terminal)
        flying.open.clear()
        flying.after += [asyncpg.ConnectionDoesNotExistError("closed in the middle of operation") for _ in range(2)]
        works = []
        for number, terminal in enumerate(terminals, 1):
            envelopes = [terminal.envelope(), terminal.envelope()]
            works.append((envelopes, asyncio.create_task(send(log, terminal.batch(envelopes)))))
            await flying.reached(number)
        flying.open.set()
        for envelopes, work in works:
            told = decoded(await work)
            assert [result.outcome for result in told.results] == ["recorded"] * 2, "it was stored: no second time"
            ledger.note(envelopes, told)
        assert not flying.after
        more = [terminals[1].envelope()]
        ledger.note(more, decoded(await send(log, terminals[1].batch(more))))
    ledger.check(await audit(database.dsn()))


async def test_an_event_id_that_came_before_is_noted_although_the_batch_was_decided_ahead(
    database: TestDatabase, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flying = Flying(monkeypatch)
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1, t2 = PaperTerminal(), PaperTerminal()
        for terminal in (t1, t2):
            await enrol(log, terminal)
        name = uuid7()
        assert not decoded(await send(log, t1.batch([t1.envelope(id=name)]))).results[0].notes
        assert decoded(await send(log, t2.batch([t2.envelope(id=name)]))).results[0].notes == ["duplicate_id"]
        assert flying.groups == [1, 1]
    assert (await audit(database.dsn())).count(t2.id) == 1


async def test_a_group_that_cannot_be_written_fails_for_its_culprit_alone(
    database: TestDatabase, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flying = Flying(monkeypatch)
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        terminals = [PaperTerminal() for _ in range(4)]
        for terminal in terminals:
            await enrol(log, terminal)
        flying.open.clear()
        first = asyncio.create_task(send(log, terminals[0].batch([terminals[0].envelope()])))
        await flying.reached(1)
        sent = [[t.envelope(), t.envelope()] for t in terminals[1:]]
        tasks = [asyncio.create_task(send(log, t.batch(s))) for t, s in zip(terminals[1:], sent, strict=True)]
        await queued(log, 2)
        [poisoned, *_] = [w for w in log.committer._queue if w.work.batch.terminal == terminals[3].id] or [None]
        assert poisoned is not None
        poisoned.work._read.outline.tags.append(("x" * 200, 0, b""))  # longer than the index of tags takes
        flying.open.set()
        assert decoded(await first).results[0].outcome == "recorded"
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(answer, bytes) for answer in answers] == [True, True, False]
        assert isinstance(answers[2], Problem)
        assert answers[2].code == "internal"
        assert decoded(await send(log, terminals[1].batch([terminals[1].envelope()]))).head.seq == 3
    found = await audit(database.dsn())
    assert [found.count(t.id) for t in terminals] == [1, 3, 2, 0]


async def test_the_check_of_a_start_is_not_disturbed_by_a_committer_that_rests(
    database: TestDatabase, short_folder: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        for _ in range(10):
            checking = asyncio.create_task(log.committer.check_all())
            while not checking.done():
                log.committer._wake.set()
                await asyncio.sleep(0)
            assert await checking == []
        assert decoded(await send(log, t1.batch([t1.envelope()]))).head.seq == 1
