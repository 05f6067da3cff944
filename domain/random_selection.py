"""The life of one random draw (双随机抽取, E11): announced, its public number entered, revealed by a second person.

`decide` gives the acts or refuses with the gates that are closed, `evolve` takes an act over. The invariants: pools and
commitment are fixed before the public number is known; nothing is revealed before its announcement was public, nor by
the one who entered the number; what is revealed is what everybody computes from secret, public number and pools.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, assert_never

from msgspec import UNSET

from domain.disclosure_record import Gate, closed_by
from domain.office.refusals import refused
from schemas import draws
from schemas.draws import Drawn, DrawRefused
from schemas.events.plan import (
    DrawnTeam,
    RandomSelectionAnnounced,
    RandomSelectionCancelled,
    RandomSelectionDrawn,
    RandomSelectionPrepared,
    RandomSelectionRevealed,
    RecusalEntered,
    Recused,
    Replacement,
)

Status: TypeAlias = Literal["new", "announced", "drawn", "cancelled"]
Fact: TypeAlias = (
    RandomSelectionAnnounced
    | RandomSelectionPrepared
    | RandomSelectionCancelled
    | RandomSelectionDrawn
    | RandomSelectionRevealed
)
MAX_INLINE: Final = 500
"""Entries of a pool that stand in the act itself; longer ones are a file that the act cites by its digest."""
MAX_POOL: Final = 100_000
MAX_ENTRY: Final = 128
MAX_DRAWN: Final = 200
MAX_TEAM: Final = 8
MAX_RECUSED: Final = 64
MAX_TEXT: Final = 500

UNPUBLISHED: Final = Gate(
    "E11",
    "抽取公告尚未公示：承诺值在揭晓前必须先公开",
    "the announcement is not public: the commitment must be known before the draw",
)
SECOND: Final = Gate(
    "OGI-17",
    "登记公开数的人不能自行揭晓，须由另一人核对",
    "who entered the public number may not reveal: a second person must",
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A public number that was entered, with recusals; `id` is that of its act."""

    id: bytes
    public: str
    recused: tuple[RecusalEntered, ...]
    by: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What the acts on one draw make of it. `announcement` and `result` are event ids, b"" while there is none."""

    id: bytes
    status: Status = "new"
    announced: RandomSelectionAnnounced | None = None
    announcement: bytes = b""
    pending: Pending | None = None
    drawn: RandomSelectionDrawn | None = None
    revealed: RandomSelectionRevealed | None = None
    result: bytes = b""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Announce:
    """Freeze the pools, commit to a secret. `plan` is b"" without one."""

    objects: Collection[str]
    officers: Collection[str]
    count: int
    team: int
    title: str
    public_number: str
    draws_on: datetime.date
    commitment: bytes
    plan: bytes = b""


@dataclass(frozen=True, slots=True)
class Enter:
    """Enter the public number and who is recused. `is_public`: whether the announcement stands in public."""

    public: str
    recused: tuple[RecusalEntered, ...]
    by: str
    pools: Pools
    secret: str
    is_public: bool


@dataclass(frozen=True, slots=True)
class Reveal:
    """A second person tells the secret: `preparation` is what that person looked at, `at` the instant (ms)."""

    preparation: bytes
    by: str
    pools: Pools
    secret: str
    is_public: bool
    at: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """The draw will not be made."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Pools:
    """The frozen pools of a draw."""

    objects: tuple[str, ...]
    officers: tuple[str, ...]


Command: TypeAlias = Announce | Enter | Reveal | Cancel


def evolve(selection: Selection, act: bytes, fact: Fact) -> Selection:
    """The draw after an act of its own; `act` is the event's id."""
    match fact:
        case RandomSelectionAnnounced():
            return replace(selection, status="announced", announced=fact, announcement=act)
        case RandomSelectionPrepared():
            return replace(selection, pending=Pending(act, fact.public, fact.recused, fact.prepared_by))
        case RandomSelectionDrawn():
            return replace(selection, status="drawn", drawn=fact)
        case RandomSelectionRevealed():
            return replace(selection, status="drawn", revealed=fact, result=act, pending=None)
        case RandomSelectionCancelled():
            return replace(selection, status="cancelled", reason=fact.reason, pending=None)
        case _:
            assert_never(fact)


def decide(selection: Selection, command: Command, day: datetime.date) -> tuple[Fact, ...]:
    """The acts that a command brings about on a day. Raises Problem conflict (with `gates`), bad_request."""
    match command:
        case Announce():
            return (_announce(selection, command, day),)
        case Enter():
            announced = _open(selection)
            _on_its_day(announced, day)
            if not command.is_public:
                raise closed_by(UNPUBLISHED)
            drawn_with(announced, command.pools, command.secret, command.public, command.recused)
            return (
                RandomSelectionPrepared(
                    draw_id=selection.id, plan_id=announced.plan_id,
                    public=_text(command.public, "公开数", "the public number"),
                    recused=command.recused, prepared_by=command.by,
                ),
            )  # fmt: skip
        case Reveal():
            return _reveal(selection, command, day)
        case Cancel():
            announced = _open(selection)
            return (
                RandomSelectionCancelled(
                    draw_id=selection.id, plan_id=announced.plan_id, reason=_text(command.reason, "原因", "a reason"),
                    cancelled_by=command.by,
                ),
            )  # fmt: skip
        case _:
            assert_never(command)


def second_person(pending: Pending, by: str) -> tuple[Gate, ...]:
    """The gate that keeps one person from entering the number and revealing."""
    return (SECOND,) if by == pending.by or not by else ()


def drawn_with(
    announced: RandomSelectionAnnounced,
    pools: Pools,
    secret: str,
    public: str,
    entered: Sequence[RecusalEntered] = (),
) -> Drawn:
    """What comes of an announced draw. Raises Problem: pools or secret that are not those announced, odd recusals."""
    if draws.pool_hash(pools.objects) != announced.object_pool_hash:
        raise refused(
            "not_ready", "日志之外保存的检查对象名录与公告时固定的不一致。",
            "the pool of enterprises beside the log is not the one that was frozen",
        )  # fmt: skip
    if draws.pool_hash(pools.officers) != announced.officer_pool_hash:
        raise refused(
            "not_ready", "日志之外保存的执法人员名录与公告时固定的不一致。",
            "the pool of officers beside the log is not the one that was frozen",
        )  # fmt: skip
    if draws.commitment(secret) != announced.commitment:
        raise refused(
            "not_ready", "日志之外保存的种子与公告承诺的不一致。",
            "the secret beside the log is not the one that was committed to",
        )  # fmt: skip
    first = _draw(announced, pools, secret, public, {})
    teams = {team.enterprise for team in first.teams}
    if len(entered) > MAX_RECUSED:
        raise refused(
            "bad_request", f"回避最多登记 {MAX_RECUSED} 项，现有 {len(entered)} 项。",
            f"expected at most {MAX_RECUSED} recusals, got {len(entered)}", limit=MAX_RECUSED,
        )  # fmt: skip
    for one in entered:
        if one.enterprise_id not in teams:
            raise refused(
                "bad_request", f"{one.enterprise_id} 没有抽中：回避只登记抽中的对象。",
                f"{one.enterprise_id} was not drawn: recusals are for drawn enterprises",
            )  # fmt: skip
        if one.officer not in pools.officers:
            raise refused(
                "bad_request", f"{one.officer} 不在执法人员名录中。", f"{one.officer} is not in the pool of officers"
            )
        _text(one.reason, "每项回避的原因", "a reason of each recusal")
    return _draw(announced, pools, secret, public, by_enterprise(entered))


def by_enterprise(entered: Iterable[RecusalEntered]) -> dict[str, tuple[str, ...]]:
    """Who is recused where, as the draw takes it."""
    found: dict[str, list[str]] = {}
    for one in entered:
        held = found.setdefault(one.enterprise_id, [])
        if one.officer not in held:
            held.append(one.officer)
    return {enterprise: tuple(officers) for enterprise, officers in found.items()}


def _draw(
    announced: RandomSelectionAnnounced, pools: Pools, secret: str, public: str, recused: Mapping[str, Sequence[str]]
) -> Drawn:
    try:
        return draws.draw(
            pools.objects, pools.officers, secret, public, count=announced.objects, team=announced.team, recused=recused
        )
    except DrawRefused as fault:
        raise refused("bad_request", f"{fault.zh}。", str(fault)) from None


def _announce(selection: Selection, command: Announce, day: datetime.date) -> RandomSelectionAnnounced:
    if selection.status != "new":
        raise refused("conflict", "这次抽取已经公告。", "this draw was announced already")
    objects, officers = set(command.objects), set(command.officers)
    for zh, name, pool in (("检查对象", "enterprises", objects), ("执法人员", "officers", officers)):
        if not 1 <= len(pool) <= MAX_POOL:
            raise refused(
                "bad_request", f"{zh}名录应有 1 到 {MAX_POOL} 项，现有 {len(pool)} 项。",
                f"expected a pool of 1 to {MAX_POOL} {name}, got {len(pool)}", limit=MAX_POOL,
            )  # fmt: skip
        odd = next((one for one in sorted(pool) if not 1 <= len(one) <= MAX_ENTRY or not one.isprintable()), None)
        if odd is not None:
            raise refused(
                "bad_request", f"{zh}名录中的编号应为 1 到 {MAX_ENTRY} 个可显示的字符。",
                f"expected ids of 1 to {MAX_ENTRY} printable characters in the pool of {name}",
            )  # fmt: skip
    if not 1 <= command.count <= min(MAX_DRAWN, len(objects)):
        most = min(MAX_DRAWN, len(objects))
        raise refused(
            "bad_request", f"抽取对象数应为 1 到 {most}，现为 {command.count}。",
            f"expected 1 to {most} enterprises to be drawn, got {command.count}", limit=most,
        )  # fmt: skip
    most = min(MAX_TEAM, len(officers))
    if not 2 <= command.team <= most:
        raise refused(
            "bad_request", f"每组人数应为 2 到 {most}（INV-01），现为 {command.team}。",
            f"expected teams of 2 to {most} officers (INV-01), got {command.team}", limit=most,
        )  # fmt: skip
    if min(command.count * command.team, len(officers)) > MAX_DRAWN:
        raise refused(
            "bad_request", f"一次抽取最多 {MAX_DRAWN} 名执法人员：请减少对象数或者每组人数。",
            f"expected a draw that needs at most {MAX_DRAWN} officers", limit=MAX_DRAWN,
        )  # fmt: skip
    if command.draws_on < day:
        raise refused(
            "bad_request", f"抽取日期不能早于今天，现为 {command.draws_on}。",
            f"expected a day of the draw that is not over, got {command.draws_on}",
        )  # fmt: skip
    return RandomSelectionAnnounced(
        draw_id=selection.id,
        title=_text(command.title, "抽查名称", "a name of the draw"),
        plan_id=command.plan or UNSET,
        object_pool_hash=draws.pool_hash(objects),
        officer_pool_hash=draws.pool_hash(officers),
        object_pool=tuple(sorted(objects)) if len(objects) <= MAX_INLINE else (),
        officer_pool=tuple(sorted(officers)) if len(officers) <= MAX_INLINE else (),
        objects=command.count,
        team=command.team,
        algorithm=draws.ALGORITHM,
        commitment=command.commitment,
        public_number=_text(command.public_number, "公开数来源", "which public number is mixed in"),
        draws_on=command.draws_on,
    )


def _reveal(selection: Selection, command: Reveal, day: datetime.date) -> tuple[Fact, ...]:
    announced, pending = _open(selection), selection.pending
    if pending is None:
        raise refused("conflict", "公开数尚未登记。", "the public number was not entered yet")
    if pending.id != command.preparation:
        raise refused(
            "conflict", "公开数或者回避在此期间重新登记过，请再核对一次。",
            "it was entered anew meanwhile: look at it again",
        )  # fmt: skip
    gates = (*second_person(pending, command.by), *(() if command.is_public else (UNPUBLISHED,)))
    if gates:
        raise closed_by(*gates)
    _on_its_day(announced, day)
    drawn = drawn_with(announced, command.pools, command.secret, pending.public, pending.recused)
    reasons = {(one.enterprise_id, one.officer): one.reason for one in pending.recused}
    officers = dict.fromkeys(officer for team in drawn.teams for officer in team.officers)
    return (
        RandomSelectionDrawn(
            draw_id=selection.id,
            plan_id=announced.plan_id,
            object_pool_hash=announced.object_pool_hash,
            officer_pool_hash=announced.officer_pool_hash,
            algorithm=announced.algorithm,
            seed=command.secret,
            drawn_objects=tuple(team.enterprise for team in drawn.teams),
            drawn_officers=tuple(officers),
            recusals=tuple(
                Replacement(officer=one.officer, replaced_by=one.by, reason=reasons[one.enterprise, one.officer])
                for one in drawn.stepped[:MAX_RECUSED]
            ),
            witness=command.by,
            drawn_at=command.at,
        ),
        RandomSelectionRevealed(
            draw_id=selection.id,
            commitment=announced.commitment,
            secret=command.secret,
            public=pending.public,
            teams=tuple(DrawnTeam(enterprise_id=team.enterprise, officers=team.officers) for team in drawn.teams),
            recused=tuple(
                Recused(enterprise_id=enterprise, officers=barred)
                for enterprise, barred in by_enterprise(pending.recused).items()
            ),
        ),
    )


def _open(selection: Selection) -> RandomSelectionAnnounced:
    if selection.announced is None:
        raise refused("not_found", "没有这个编号的抽取。", "there is no draw of this id")
    if selection.status != "announced":
        raise refused("conflict", "这次抽取已经揭晓或者取消。", "the draw was made or cancelled already")
    return selection.announced


def _on_its_day(announced: RandomSelectionAnnounced, day: datetime.date) -> None:
    if day < announced.draws_on:
        raise refused(
            "conflict", f"抽取日期为 {announced.draws_on}，在此之前不可能知道公开数。",
            f"the draw is on {announced.draws_on}: its public number cannot be known before",
        )  # fmt: skip


def _text(text: str, zh: str, what: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= MAX_TEXT or "\0" in text:
        raise refused(
            "bad_request", f"{zh}应为 1 到 {MAX_TEXT} 个字符。", f"expected {what} of 1 to {MAX_TEXT} characters"
        )
    return text
