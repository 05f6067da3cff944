"""What may not be done with a random draw, and that it is said in both languages."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest

from domain import random_selection as selections
from domain.random_selection import Announce, Cancel, Enter, Pools, Reveal, Selection
from schemas import draws
from schemas.events.plan import RandomSelectionAnnounced, RecusalEntered
from schemas.problems import Problem

DAY = datetime.date(2026, 6, 1)
BEFORE = DAY - datetime.timedelta(days=1)
SECRET, NUMBER = "5f" * 32, "03 09 15 21 27 33 08"
POOLS = Pools(("E-1", "E-2", "E-3"), ("officer-1", "officer-2", "officer-3"))
ANNOUNCE = Announce(
    POOLS.objects, POOLS.officers, 1, 2, "第四季度抽查", "当日开奖号码", DAY, draws.commitment(SECRET)
)  # fmt: skip
ENTER = Enter(NUMBER, (), "officer-50", POOLS, SECRET, True)
DRAWN = draws.draw(POOLS.objects, POOLS.officers, SECRET, NUMBER, count=1, team=2).teams[0]


def after(*commands: Any) -> Selection:
    """A draw after commands on its day, the acts named by their numbers."""
    found = Selection(bytes(16))
    for command in commands:
        for number, fact in enumerate(selections.decide(found, command, DAY)):
            found = selections.evolve(found, bytes([number]) * 16, fact)
    return found


def recused(enterprise: str, officer: str, reason: str = "近亲属") -> RecusalEntered:
    return RecusalEntered(enterprise_id=enterprise, officer=officer, reason=reason)


def entering(**more: Any) -> Enter:
    return replace(ENTER, **more)


REVEAL = Reveal(bytes(16), "officer-51", POOLS, SECRET, True, 1)
NEW, ANNOUNCED, ENTERED = after(), after(ANNOUNCE), after(ANNOUNCE, ENTER)
MANY = tuple(f"officer-{number}" for number in range(300))
REFUSED: list[tuple[str, Selection, Any, datetime.date, str, str]] = [
    ("announced twice", ANNOUNCED, ANNOUNCE, DAY, "已经公告", "announced already"),
    ("an empty pool", NEW, replace(ANNOUNCE, objects=()), DAY, "检查对象名录应有 1 到", "pool of 1 to"),
    ("an odd id", NEW, replace(ANNOUNCE, officers=("officer-1", "a\tb")), DAY, "执法人员名录中的编号", "printable"),
    ("too many drawn", NEW, replace(ANNOUNCE, count=4), DAY, "抽取对象数应为 1 到 3，现为 4", "expected 1 to 3"),
    ("one officer", NEW, replace(ANNOUNCE, team=1), DAY, "每组人数应为 2 到 3", "teams of 2 to 3"),
    ("more officers than a record holds", NEW, replace(ANNOUNCE, objects=MANY, officers=MANY, count=150, team=2), DAY,
     "最多 200 名", "at most 200 officers"),
    ("a day that is over", NEW, replace(ANNOUNCE, draws_on=BEFORE), DAY, "不能早于今天", "not over"),
    ("no name", NEW, replace(ANNOUNCE, title=" "), DAY, "抽查名称应为 1 到 500", "a name of the draw"),
    ("no source", NEW, replace(ANNOUNCE, public_number=""), DAY, "公开数来源应为", "which public number"),
    ("not announced", NEW, ENTER, DAY, "没有这个编号的抽取", "no draw of this id"),
    ("before its day", ANNOUNCED, ENTER, BEFORE, "抽取日期为 2026-06-01", "cannot be known before"),
    ("no number", ANNOUNCED, entering(public=""), DAY, "公开数应为 1 到", "the public number of 1"),
    ("too many recusals", ANNOUNCED, entering(recused=(recused("E-1", "officer-1"),) * 65), DAY, "最多登记 64 项",
     "at most 64 recusals"),
    ("recused where nobody was drawn", ANNOUNCED, entering(recused=(recused("E-9", "officer-1"),)), DAY,
     "E-9 没有抽中", "E-9 was not drawn"),
    ("a stranger recused", ANNOUNCED, entering(recused=(recused(DRAWN.enterprise, "officer-9"),)), DAY,
     "officer-9 不在执法人员名录中", "officer-9 is not in the pool"),
    ("a recusal without a reason", ANNOUNCED, entering(recused=(recused(DRAWN.enterprise, "officer-1", " "),)), DAY,
     "每项回避的原因应为", "a reason of each recusal"),
    ("too few left", ANNOUNCED,
     entering(recused=tuple(recused(DRAWN.enterprise, one) for one in POOLS.officers[:2])), DAY,
     "名无须回避的执法人员，现有 1 名", "there are 1"),
    ("another pool of enterprises", ANNOUNCED, entering(pools=replace(POOLS, objects=("E-1",))), DAY, "检查对象名录",
     "pool of enterprises"),
    ("another pool of officers", ANNOUNCED, entering(pools=replace(POOLS, officers=("officer-1",))), DAY,
     "执法人员名录", "pool of officers"),
    ("another secret", ANNOUNCED, entering(secret="6a" * 32), DAY, "种子与公告承诺的不一致", "the secret beside"),
    ("nothing entered", ANNOUNCED, REVEAL, DAY, "公开数尚未登记", "not entered yet"),
    ("entered anew", ENTERED, replace(REVEAL, preparation=b"\1" * 16), DAY, "重新登记过", "entered anew"),
    ("made already", after(ANNOUNCE, ENTER, REVEAL), Cancel("x", "officer-50"), DAY, "已经揭晓或者取消", "already"),
    ("no reason to cancel", ANNOUNCED, Cancel("", "officer-50"), DAY, "原因应为 1 到", "a reason of 1"),
]  # fmt: skip


@pytest.mark.parametrize(("selection", "command", "day", "zh", "en"), [one[1:] for one in REFUSED],
                         ids=[one[0] for one in REFUSED])  # fmt: skip
def test_what_is_refused_of_a_draw_is_said_in_both_languages(
    selection: Selection, command: Any, day: datetime.date, zh: str, en: str
) -> None:
    with pytest.raises(Problem) as refusal:
        selections.decide(selection, command, day)
    assert zh in str(refusal.value.fields["zh"])
    assert en in str(refusal.value.fields["en"])
    assert refusal.value.reason == refusal.value.fields["en"], "programs read the same sentence"


@pytest.mark.parametrize("closed", [replace(REVEAL, by="officer-50"), replace(REVEAL, is_public=False)])
def test_a_gate_of_a_draw_is_said_in_both_languages(closed: Reveal) -> None:
    with pytest.raises(Problem) as refusal:
        selections.decide(ENTERED, closed, DAY)
    told: Any = refusal.value.fields["gates"]
    assert all(one["zh"] and one["en"] and one["zh"] != one["en"] for one in told)


def test_a_draw_whose_secret_is_short_cannot_be_committed_to() -> None:
    with pytest.raises(draws.DrawRefused) as refusal:
        draws.commitment("short")
    assert "种子至少应有 32 个字符" in refusal.value.zh
    assert isinstance(after(ANNOUNCE).announced, RandomSelectionAnnounced), "and this one could"
