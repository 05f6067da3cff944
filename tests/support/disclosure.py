"""Records that are published through the real acts on the real log: prepared by one officer, released by another.

    bureau(log, database)              the authority's name and code, who is certified, the party's profile
    decided(log, database, n)          a case with a lawful decision (`tests.support.cases`), as it comes into a log
    publish(desk, case)                both acts, and the projection behind them: the record stands in `published`

A test of the public site calls `seeded` for some records in every state. Names and numbers are invented.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from domain.matter import Fact
from projections import publishing
from projections.runner import connect
from schemas.entries import Who
from server.log.acts import Act, OfficeActs
from server.log.disclosure_acts import DisclosureActs, Done
from server.log.ids import uuid7, uuid_text
from server.log.private_values import sealed
from tests.support.cases import CERTIFIED, NUMBER, story
from tests.support.facts import CASE, ENTERPRISE, fact
from tests.support.log import AUTHORITY, Log, PaperTerminal, enrol, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge

PREPARER: Final = Who(officer="officer-0041", session=bytes(32), via="console")
RELEASER: Final = Who(officer="officer-0042", session=bytes(32), via="console")
CLERK: Final = Who(officer="administrator", session=bytes(32), via="console")
AGENCY: Final = {"agency.name": "示例市应急管理局", "agency.uscc": "11210500MB0000000X"}
PARTY: Final = "示例制造有限公司"
REPRESENTATIVE: Final = "欧阳示例"
MONTHS: Final = 36
_numbers = itertools.count(100)


@dataclass(frozen=True)
class Decided:
    """A case of a log with the event id of its decision and the number of it."""

    case: bytes
    decision: bytes
    number: str

    @property
    def key(self) -> str:
        return uuid_text(self.case)


@dataclass
class Desk:
    """The log, its database, the acts, and the terminal of the bureau."""

    log: Log
    database: TestDatabase
    acts: DisclosureActs
    terminal: PaperTerminal

    async def project(self) -> publishing.Published:
        """Bring `published` up to the log, as its runner does."""
        connection = await connect(self.database.dsn("liuhen_projector"), "test")
        try:
            done = await publishing.publish(connection, always=True)
            await publishing.count(connection, self.acts._clock())
            return done
        finally:
            await connection.close()


async def bureau(log: Log, database: TestDatabase, *, uscc: str = "91210500MA0UEXAMP1", **clock: Any) -> Desk:
    """An authority that may publish: its own name, certified officers, and the profile of the party."""
    terminal = PaperTerminal()
    await enrol(log, terminal)
    commitment, value = sealed(REPRESENTATIVE, log.keyring.epoch(AUTHORITY, 1).data_public)
    profile = fact(
        "enterprise.profiled.v1",
        {
            "enterprise_id": ENTERPRISE, "name": PARTY, "effective_on": "2025-01-01",
            "principals": [{"role": "legal_representative", "person_name": commitment}],
        },
        occurred="2025-01-02",
    )  # fmt: skip
    assert profile.body is not None
    profile = dataclasses.replace(profile, body=msgspec.structs.replace(profile.body, uscc=uscc))
    rules = fact(
        "rule_set.published.v1",
        {
            "ruleset_id": "210500-agency", "kind": "limits", "version": "1", "effective_from": "2020-01-01",
            "content_hash": bytes(32), "source_document": "示例市应急管理局公告",
            "entries": [
                {"key": key, "value": value, "since": "2020-01-01", "source": "公告"} for key, value in AGENCY.items()
            ],
        },
        occurred="2025-01-01",
    )  # fmt: skip
    certificates = [one for facts in CERTIFIED.values() for one in facts]
    await record(log, [rules, profile, *certificates], terminal, private={commitment: value})
    return Desk(log, database, DisclosureActs(log.committer, log.pool, **clock), terminal)


async def decided(
    desk: Desk,
    *,
    until: str = "served",
    party: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
    **changes: Any,
) -> Decided:
    """A case of its own with the acts of the story up to one of them, judged. `changes` are those of `story`."""
    own = await told(desk, until=until, party=party, without=without, **changes)
    await judge(desk.database)
    return own


async def told(
    desk: Desk,
    *,
    until: str = "served",
    party: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
    private: Mapping[bytes, bytes] | None = None,
    **changes: Any,
) -> Decided:
    """As `decided`, and nobody has judged it yet: for many cases at once."""
    case, n = uuid7(), next(_numbers)
    number = NUMBER.replace("7号", f"{n}号")
    facts = []
    decision = b""
    for one in story(until=until, without=(*without, "published"), **changes):
        body = _moved(one.body, {CASE: case}, {NUMBER: number}, party)
        about = tuple(tag.replace(uuid_text(CASE), uuid_text(case)) for tag in one.about)
        facts.append(dataclasses.replace(one, id=uuid7(), body=body, about=about))
        if one.type == "penalty.decided.v1":
            decision = facts[-1].id
    await record(desk.log, facts, desk.terminal, private=private)
    return Decided(case, decision, number)


async def publish(desk: Desk, own: Decided, *, edits: Mapping[str, str] | None = None, months: int = MONTHS) -> Done:
    """Prepare and release; the projection follows."""
    prepared = await desk.acts.prepare_publication(
        AUTHORITY, "case", own.key, own.decision, edits or {}, months, PREPARER
    )
    return await release(desk, prepared)


async def correct(desk: Desk, done: Done, reason: str = "违法事实的表述有误", **edits: str) -> Done:
    """A new revision, released; the projection follows."""
    prepared = await desk.acts.prepare_correction(AUTHORITY, done.record.id, edits, MONTHS, reason, PREPARER)
    return await release(desk, prepared)


async def withdraw(desk: Desk, done: Done, reason: str = "决定经行政复议撤销。", ground: str = "altered") -> Done:
    """A tombstone, released; the projection follows."""
    prepared = await desk.acts.prepare_withdrawal(AUTHORITY, done.record.id, ground, reason, PREPARER)
    return await release(desk, prepared)


async def release(desk: Desk, prepared: Done) -> Done:
    """The second person lets out what was prepared."""
    pending = prepared.record.pending
    assert pending is not None
    done = await desk.acts.release(AUTHORITY, prepared.record.id, pending.id, RELEASER)
    await desk.project()
    return done


async def seeded(log: Log, database: TestDatabase, standing: int = 1) -> tuple[Desk, list[Done]]:
    """Some published records, a corrected one and a withdrawn one, in this order, through the real acts."""
    desk = await bureau(log, database)
    cases = [await told(desk) for _ in range(standing + 2)]
    await judge(database)
    done = [await publish(desk, one) for one in cases]
    done[-2] = await correct(desk, done[-2], CF_SY="未按规定对从业人员进行教育和培训（更正）")
    done[-1] = await withdraw(desk, done[-1])
    return desk, done


async def record(
    log: Log, facts: Iterable[Fact], terminal: PaperTerminal, private: Mapping[bytes, bytes] | None = None
) -> None:
    """Facts as they come into a log: acts of the office, and envelopes of a terminal."""
    for one in facts:
        body: Any = msgspec.to_builtins(one.body, builtin_types=(bytes,))
        if one.source == "office":
            act = Act(one.type, sorted({f"authority:{AUTHORITY}", *one.about}), body, uuid7(), 1, one.id)
            work = OfficeActs(AUTHORITY, [act], CLERK, one.received, private=private or {})
            await log.committer.submit(work)
        else:
            envelope = terminal.envelope(
                one.type, body, about=sorted(one.about), by=list(one.by), occurred=one.occurred, id=one.id
            )
            await send(log, terminal.batch([envelope]))


def _moved(body: Any, ids: Mapping[bytes, bytes], texts: Mapping[str, str], party: Mapping[str, Any] | None) -> Any:
    """A body with other ids, numbers and party. The hash of a draft does not cover its case or its number."""
    plain = msgspec.to_builtins(body, builtin_types=(bytes,))
    for name, value in plain.items():
        if isinstance(value, bytes):
            plain[name] = ids.get(value, value)
        elif isinstance(value, str):
            plain[name] = texts.get(value, value)
    if party is not None and "party" in plain:
        plain["party"] = dict(party)
    return msgspec.convert(plain, type(body))
