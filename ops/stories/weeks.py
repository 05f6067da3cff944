"""The weeks until now: what the teams of an authority did lately, some of it not finished yet.

One inspection after another for each team: nothing found, hazards rectified and closed, or a fine after the general
procedure; whatever lies behind now has not happened. Another authority than the city's is told with the city's words
and other people. The invariant: nobody breaks a rule here, so what is raised is the network's or the clock's doing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from domain.workdays import Calendar
from ops.stories import bureau, desk, visit
from ops.stories.book import Story
from ops.stories.event import DAY, HOUR, MINUTE, Enterprise, StoryEvent, text
from ops.stories.penalties import BASES, CORRECTED
from ops.stories.teller import AUTHORITY, REVIEWER, STAND_IN, Found, Team, Teller, certificate

SPAN: Final = 45 * DAY
"""How long before now (ms) the first inspections begin."""

WRONG_CLOCK: Final = 11 * MINUTE


@dataclass(frozen=True, slots=True)
class Crew:
    """A team of an authority. `wrong_clock`: how far (ms) its terminal's clock is turned in the second one. `fresh`: it
    has one case alone, which was decided within the last days and is not published yet.
    """

    authority: str
    team: Team
    wrong_clock: int = 0
    fresh: bool = False


_PLACES: Final = ("东岭", "北湾", "青石", "白桦", "南湖", "西坡", "云溪", "河口")
_TRADES: Final = ("机械加工", "木制品加工", "塑料制品", "五金制品", "纸箱包装", "食品加工", "金属铸造", "仓储服务")
_HAZARDS: Final = (
    ("配电箱前堆放杂物，门未上锁，缺少安全警示标志", "一车间配电室", "安全生产法第三十五条"),
    ("灭火器压力不足，检查卡停留在上年度", "原料库", "安全生产法第三十六条第二款"),
    ("新入职人员三人无安全生产教育培训记录", "人事档案", "安全生产法第二十八条第一款"),
    ("防护手套、护目镜未按标准发放，登记表空白", "劳保用品库", "安全生产法第四十五条"),
    ("应急预案三年未演练，无演练记录", "安全管理办公室", "安全生产法第八十一条"),
    ("动火作业未安排专门人员进行现场安全管理", "储罐区南侧", "安全生产法第四十三条"),
)
_FINED: Final = (
    ("冲床光电保护装置失效，仍在使用", "冲压线 3 号机", "安全生产法第三十六条第二款"),
    ("砂轮机防护罩缺失", "打磨间", "安全生产法第三十六条第二款"),
    ("行车限位器失灵", "二车间", "安全生产法第三十六条第二款"),
)


def weeks(crews: Sequence[Crew], seed: int, now: int, calendar: Calendar) -> list[Story]:
    """What the teams did in the weeks before `now` (ms), without document numbers; names are those of the terminals."""
    stories = []
    for crew in crews:
        dice = random.Random(f"{seed}/{crew.team.terminal}")  # noqa: S311 - a story, not a secret
        if crew.fresh:
            stories.append(_fresh(crew, seed, now, calendar))
            continue
        at = now - SPAN + dice.randrange(3) * DAY
        number = 0
        while at < now:
            number += 1
            name = f"{crew.team.terminal}_{number}".lower().replace("-", "")
            place = _enterprise(crew, number)
            tell = Teller(name, seed, at, calendar, crew.team, place)
            _TOLD[(number + dice.randrange(2)) % len(_TOLD)](tell, dice)
            at = tell.at + dice.randrange(2) * DAY
            wrong = crew.wrong_clock if number == 2 else 0
            stories.append(_until(tell, now, wrong))
    return [story for story in stories if story.events]


def _fresh(crew: Crew, seed: int, now: int, calendar: Calendar) -> Story:
    """A fine whose decision was served just before now: the start is moved back until all of it lies behind now."""
    for days in range(15, 90):
        dice = random.Random(f"{seed}/{crew.team.terminal}")  # noqa: S311 - a story, not a secret
        name = f"{crew.team.terminal}_1".lower().replace("-", "")
        tell = Teller(name, seed, now - days * DAY, calendar, crew.team, _enterprise(crew, 1))
        _punished(tell, dice)
        if max(one.occurred for one in tell.events) < now - HOUR:
            ids = {"task": text(tell.task), "case": text(tell.case)}
            return Story(name, f"处罚{tell.enterprise.name}", f"Fine on {tell.enterprise.id}", tuple(tell.events), ids)
    raise ValueError("no start lies far enough back: the calendar has no working days")


def entered(crews: Sequence[Crew], start: int) -> Iterator[StoryEvent]:
    """Certificates of the teams and profiles of the enterprises of these crews of the city; the day before `start`."""
    known = {one for team in bureau.TEAMS.values() for one in team.officers}
    people = dict.fromkeys(one for crew in crews for one in crew.team.officers if one not in known)
    yield from bureau.entered(start - DAY + 200_000, people, _enterprises(crews))


def elsewhere(authority: str, crews: Sequence[Crew], start: int) -> Iterator[StoryEvent]:
    """The opening of another authority before `start` (ms): its desk, its teams, its enterprises."""
    names = people_of(authority)
    people = dict.fromkeys((*names.values(), *(one for crew in crews for one in crew.team.officers)))
    level = "province" if authority.endswith("0000") else "county"
    for one in bureau.entered(start - DAY, people, _enterprises(crews), authority, names[REVIEWER], level):
        yield replace(one, by=(names[bureau.CLERK],))


def people_of(authority: str) -> dict[str, str]:
    """Who sits at the desks of another authority: by the name of whoever sits there in the city."""
    desks = (*bureau.DESK, STAND_IN, bureau.CLERK)
    return {name: f"officer-{authority[-2:]}{number:02d}" for number, name in enumerate(desks, 1)}


def moved(story: Story, authority: str) -> Story:
    """A story of the city as it happened in another authority, with the people of that one's desks."""
    people = people_of(authority)
    other: dict[str, str] = {AUTHORITY: authority, f"authority:{AUTHORITY}": f"authority:{authority}"}
    for name, instead in people.items():
        other |= {name: instead, f"officer:{name}": f"officer:{instead}", certificate(name): certificate(instead)}

    def there(value: Any) -> Any:
        if isinstance(value, str):
            return other.get(value, value)
        if isinstance(value, Mapping):
            return {key: there(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(there(item) for item in value)
        return value

    events = tuple(
        replace(one, about=tuple(sorted(there(one.about))), body=there(one.body), by=there(one.by))
        for one in story.events
    )
    return replace(story, events=events, authority=authority)


def _until(tell: Teller, now: int, wrong: int) -> Story:
    """What of a story has happened some minutes before now. The clock goes wrong after the certificates were shown, and
    is right the next day.
    """
    events = [one for one in tell.events if one.occurred < now - HOUR // 4]
    shown = next((one.occurred for one in events if one.type == "credentials.shown.v1"), now)
    events = [replace(one, wrong=wrong) if shown < one.occurred < shown + DAY // 3 else one for one in events]
    ids = {"task": text(tell.task)} if tell.task else {}
    return Story(tell.name, f"检查{tell.enterprise.name}", f"Inspection of {tell.enterprise.id}", tuple(events), ids)


def _enterprise(crew: Crew, number: int) -> Enterprise:
    """The enterprise of a team's inspection: each is inspected once."""
    index = int(crew.team.terminal.rpartition("-")[2]) * 8 + number
    place, trade = _PLACES[index % len(_PLACES)], _TRADES[(index // len(_PLACES) + number) % len(_TRADES)]
    name = f"{place}示例{trade}{index}厂"
    address = f"示例市{place}工业园 {index} 号"
    return Enterprise(f"E-{crew.authority}-{100 + index:04d}", name, trade, address, 411_000_000 + index * 90_000)


def _enterprises(crews: Sequence[Crew]) -> list[Enterprise]:
    return [_enterprise(crew, number) for crew in crews for number in range(1, 8)]


# -- what may happen --


def _nothing(tell: Teller, dice: random.Random) -> None:
    """Nothing found, and published."""
    _arrive(tell, dice)
    visit.photo(tell, "配电室门禁、绝缘垫、警示标志齐全")
    visit.photo(tell, "安全教育培训档案")
    visit.sign(tell)
    visit.conclude(tell, "no_problem")
    tell.later(dice.randrange(2, 4), "10:00")
    desk.publish(tell, "", "现场检查未发现问题", "inspection")


def _rectified(tell: Teller, dice: random.Random) -> None:
    """Some general hazards, ordered, reported, looked at again, closed."""
    _arrive(tell, dice)
    found = [visit.find(tell, Found(tell.id(), *one)) for one in dice.sample(_HAZARDS, dice.randrange(1, 4))]
    visit.sign(tell, found)
    visit.order(tell, found, dice.choice((14, 15, 21)))
    tell.later(dice.randrange(4, 7), "10:10")
    visit.report(tell, found)
    tell.later(2, "09:30")
    looked = visit.reinspect(tell, found)
    visit.close(tell, found, looked)
    visit.conclude(tell, "ordered")
    tell.later(2, "10:00")
    desk.publish(tell, "", f"发现一般隐患{len(found)}项，已按期整改", "inspection")


def _fined(tell: Teller, dice: random.Random) -> None:
    """A hazard whose clause demands a penalty: corrected in time, and fined after the general procedure."""
    number, fine = _punished(tell, dice)
    tell.later(2, "10:00")
    desk.publish(tell, number, f"罚款 {fine // 100} 元")
    tell.later(dice.randrange(2, 6), "11:00")
    desk.pay(tell, number, fine)
    tell.later(1, "10:00")
    desk.finish(tell, papers=("行政处罚决定书", "立案审批表"), correction_verified=True)


def _punished(tell: Teller, dice: random.Random) -> tuple[str, int]:
    """Up to the service of the decision: its number, and the fine in fen."""
    _arrive(tell, dice)
    hazard = visit.find(tell, Found(tell.id(), *dice.choice(_FINED), mandatory=True))
    visit.sign(tell, [hazard])
    visit.order(tell, [hazard], 10)
    tell.later(3, "09:20")
    visit.report(tell, [hazard])
    looked = visit.reinspect(tell, [hazard])
    visit.close(tell, [hazard], looked)
    visit.conclude(tell, "ordered")
    tell.later(1, "09:00")
    desk.file_case(tell, f"涉嫌{hazard.description}", [hazard])
    tell.later(2, "09:30")
    desk.interview(tell)
    tell.later(2, "10:00")
    desk.investigated(tell, hazard.description)
    facts = f"{tell.enterprise.name}{hazard.place}：{hazard.description}。"
    fine = dice.choice((1_000_000, 2_000_000, 3_000_000))
    only = desk.draft(tell, facts, BASES, [{"kind": "P03", "amount_fen": fine}], CORRECTED)
    tell.later(1, "14:00")
    desk.notice(tell, only)
    tell.later(1, "09:40")
    desk.defence(tell, waived=True)
    reviewed = desk.review(tell, only, "voluntary")
    tell.later(4, "10:00")
    number = desk.decide(tell, only, review_id=reviewed)
    visit.serve(tell, number)
    return number, fine


def _arrive(tell: Teller, dice: random.Random) -> None:
    source = dice.choice(("campaign", "lookback"))
    more = {"campaign": "安全生产专项检查"} if source == "campaign" else {"trigger": "上年度检查回头看"}
    visit.assign(tell, source, **more)
    tell.later(1, dice.choice(("08:50", "09:20", "10:05", "13:40", "14:10")))
    visit.enter(tell)


_TOLD: Final[tuple[Callable[[Teller, random.Random], None], ...]] = (_rectified, _nothing, _fined)
