"""What the bureau tells the public, through the real acts: one record that stands, one corrected, one withdrawn; who
its officers are; and a random draw, announced, made and published.

Played after everything else, because the gates look at the cases as they were judged. The invariant: one person
prepares and another releases, as everywhere; what a start that was cut short had done is not done again.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from domain.public_files import officers_key
from domain.workdays import SHANGHAI
from ops.serve import Served
from schemas.entries import Who
from schemas.events.plan import RecusalEntered
from server.log.acts import Act, OfficeActs
from server.log.disclosure_acts import DisclosureActs, Done, record_of
from server.log.draw_acts import DrawActs
from server.log.ids import now_ms, uuid7
from server.log.store import uuid as as_uuid

PREPARER: Final = Who(officer="discloser", session=bytes(32), via="demo")
RELEASER: Final = Who(officer="bureau_head", session=bytes(32), via="demo")
PLANNER: Final = Who(officer="planner", session=bytes(32), via="demo")
SECOND: Final = Who(officer="unit_head", session=bytes(32), via="demo")
MONTHS: Final = 36
Decided = tuple[str, bytes, str]
"""Case id, event id of the decision, its number."""


async def disclose(
    served: Served, authority: str, decided: Sequence[Decided], judged: Callable[[], Awaitable[bool]]
) -> dict[str, str]:
    """Publish the decisions but the last, correct the second, revoke and withdraw the third; outcome -> record id.

    `judged` waits until the projections have caught up. Raises Problem.
    """
    acts = DisclosureActs(served.log.committer, served.log.pool)
    done: dict[str, str] = {}
    for place, (case, decision, number) in enumerate(decided[:3]):
        state = await _state(served, record_of(decision))
        if state == "new":
            await _release(acts, authority, await acts.prepare_publication(
                authority, "case", case, decision, {}, MONTHS, PREPARER
            ))  # fmt: skip
            state = "published"
        record = record_of(decision)
        if place == 1 and state == "published":
            facts = {"CF_WFXW": "安全设备的使用不符合国家标准或者行业标准"}
            await _release(acts, authority, await acts.prepare_correction(
                authority, record, facts, MONTHS, "违法行为类型的表述不规范，予以更正。", PREPARER
            ))  # fmt: skip
        if place == 2 and state == "published":
            altered = await _revoke(served, authority, case, number)
            await judged()
            await _release(acts, authority, await acts.prepare_withdrawal(
                authority, record, "altered", "本机关发现认定事实有误，已自行撤销该行政处罚决定。", PREPARER, altered
            ))  # fmt: skip
        done[("published", "corrected", "withdrawn")[place]] = str(as_uuid(record))
    return done


async def draw(served: Served, authority: str, objects: Sequence[str], people: Sequence[str]) -> dict[str, str]:
    """Publish the officers of the year, announce a draw, publish that, make the draw, publish its result.

    Outcome -> record id. Raises Problem.
    """
    acts, draws = DisclosureActs(served.log.committer, served.log.pool), DrawActs(served.log.committer, served.log.pool)
    today = datetime.datetime.now(SHANGHAI).date()
    listed = officers_key(authority, today.year)
    await _publish(served, acts, authority, ("officers", authority), listed)
    origin = officers_key(f"{authority} draw", today.year)
    if not await served.log.pool.fetchval("SELECT count(*) FROM disclosure.draws WHERE draw = $1", as_uuid(origin)):
        await draws.announce(
            authority, origin, objects, people, PLANNER, count=min(4, len(objects)), team=2,
            title=f"{today.year}年危险化学品单位双随机抽查",
            public_number="抽取当日 21 时 15 分公布的示例数字（演示用）", draws_on=today,
        )  # fmt: skip
    matter = ("draw", str(as_uuid(origin)))
    announced = (await draws.look(authority, origin)).selection.announcement
    await _publish(served, acts, authority, matter, announced)
    standing = await draws.look(authority, origin)
    if standing.selection.revealed is None:
        await draws.enter(authority, origin, "03 09 15 21 27 33 08", (), PLANNER)
        first = (await draws.look(authority, origin)).drawn
        assert first is not None, "a number was entered"
        team = first.teams[0]
        recused = RecusalEntered(enterprise_id=team.enterprise, officer=team.officers[0], reason="近亲属在该单位任职")
        await draws.enter(authority, origin, "03 09 15 21 27 33 08", (recused,), PLANNER)
        pending = (await draws.look(authority, origin)).selection.pending
        assert pending is not None, "a number was entered"
        await draws.reveal(authority, origin, pending.id, SECOND)
    result = (await draws.look(authority, origin)).selection.result
    await _publish(served, acts, authority, matter, result)
    events = {"officers": listed, "announced": announced, "drawn": result}
    return {name: str(as_uuid(record_of(event))) for name, event in events.items()}


async def _publish(served: Served, acts: DisclosureActs, authority: str, matter: tuple[str, str], event: bytes) -> None:
    if await _state(served, record_of(event)) == "new":
        await _release(acts, authority, await acts.prepare_publication(authority, *matter, event, {}, MONTHS, PREPARER))


async def _release(acts: DisclosureActs, authority: str, prepared: Done) -> None:
    pending = prepared.record.pending
    assert pending is not None
    await acts.release(authority, prepared.record.id, pending.id, RELEASER)


async def _revoke(served: Served, authority: str, case: str, number: str) -> bytes:
    """The authority revokes its own decision, found to rest on wrong facts."""
    act, today = uuid7(), datetime.datetime.now(SHANGHAI).date().isoformat()
    body = {
        "case_id": bytes.fromhex(case.replace("-", "")), "target_document_no": number, "by": "self",
        "effect": "revoked", "effective_on": today, "reason": "复查发现设备型号认定有误。",
    }  # fmt: skip
    about = [f"authority:{authority}", f"case:{case}"]
    work = OfficeActs(authority, [Act("decision.altered.v1", about, body, act, 1, act)], RELEASER, now_ms())
    await served.log.committer.submit(work)
    return act


async def _state(served: Served, record: bytes) -> str:
    found = await served.log.pool.fetchval("SELECT status FROM disclosure.records WHERE record = $1", as_uuid(record))
    return "new" if found is None else str(found)
