"""The named stories, put together: one bureau, one calendar, one sequence of document numbers for each word and year.

Stories are told one by one and then numbered in the order of time: what a terminal prints comes from a block that was
reserved for it, what the office prints from the numbers behind the blocks. The invariant: `told` depends on its
arguments alone, and every printed number but the bad day's is used once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from domain.workdays import Calendar
from ops.stories import bureau
from ops.stories.bad_day import bad_day
from ops.stories.enforcement import enforced
from ops.stories.event import DAY, ENTERPRISES, MINUTE, StoryEvent, text
from ops.stories.inspections import clean, listed, rectified
from ops.stories.penalties import altered, fined, on_spot
from ops.stories.sealing import sealed
from ops.stories.teller import AUTHORITY, PREFIX, Teller
from ops.stories.transfers import transferred

BLOCK: Final = 10
"""Numbers in a block at least."""

DELIVERY: Final = MINUTE
"""How long (ms) a record takes to the server where nothing is said."""

LENGTH: Final = 140 * DAY
"""Every story has ended so long (ms) after its beginning."""

_MARK: Final = re.compile(re.escape(PREFIX) + r"([^〔#]+)〔(\d{4})〕#([a-z0-9_]+\.\d+)号")


@dataclass(frozen=True, slots=True)
class Story:
    """A story that was told. `ids`: what it is about, e.g. {"task": …, "case": …}, as 36-character text; `authority`:
    in whose log it stands.
    """

    name: str
    zh: str
    en: str
    events: tuple[StoryEvent, ...]
    ids: dict[str, str]
    authority: str = AUTHORITY


@dataclass(frozen=True, slots=True)
class _Title:
    zh: str
    en: str
    tell: Callable[[Teller], None]
    place: int
    delay: int


TITLES: Final[dict[str, _Title]] = {
    "clean": _Title("一次无问题的检查", "A clean inspection", clean, 8, 40),
    "rectified": _Title("隐患整改销号", "Hazards rectified and closed", rectified, 1, 26),
    "listed": _Title("重大隐患挂牌与摘牌", "A major hazard listed and delisted", listed, 0, 20),
    "fined": _Title("听证、审核后的普通程序罚款", "A fine with hearing and legal review", fined, 2, 0),
    "on_spot": _Title("当场处罚", "An on-the-spot fine", on_spot, 3, 33),
    "transferred": _Title("案件移送公安机关", "A case transferred to the police", transferred, 6, 30),
    "altered": _Title("行政复议变更处罚决定", "A decision altered by reconsideration", altered, 5, 4),
    "sealed": _Title("查封、鉴定与分期缴款", "Goods sealed, appraisal, instalments", sealed, 7, 12),
    "enforced": _Title("逾期不缴与法院强制执行", "Not paid, and enforced by the court", enforced, 9, -200),
    "bad_day": _Title("不规范的一天", "A day of bad practice", bad_day, 4, 60),
}
"""Every story: titles, who tells it, where it happens, and how many days after (or before) the start it begins."""


def told(seed: int, start: int, calendar: Calendar, others: Sequence[Story] = ()) -> list[Story]:
    """All stories, the opening of the bureau first (named "bureau"), with their numbers; `start` in ms.

    `others` are stories of the same authority that take their numbers from the same sequences.
    """
    first = start + min(0, *(title.delay for title in TITLES.values())) * DAY
    every, blocks = bound([*(_tell(name, seed, start, calendar) for name in TITLES), *others], first)
    opening = (*bureau.opening(first), *bureau.published(first), *blocks, *bureau.planned(start))
    return [begun(opening), *every]


def begun(opening: Iterable[StoryEvent], name: str = "bureau") -> Story:
    """What the office entered before anything happened, as a story without ids."""
    return Story(name, "执法证、企业档案与文号", "Certificates, enterprises, number blocks", tuple(opening), {})


def bound(stories: Sequence[Story], first: int) -> tuple[list[Story], tuple[StoryEvent, ...]]:
    """Stories of one authority with their numbers, and the reservation of the blocks before `first` (ms)."""
    numbers, wanted = _numbers([event for story in stories for event in story.events])
    every = [replace(one, events=tuple(_numbered(e, numbers) for e in _delivered(one))) for one in stories]
    return every, tuple(bureau.blocks(wanted, first))


def _delivered(story: Story) -> Iterator[StoryEvent]:
    """The events with the time at which each reached the server: soon, and never before one that its terminal wrote
    earlier.
    """
    last: dict[str, int] = {}
    for event in story.events:
        if event.office:
            yield replace(event, received=event.occurred)
            continue
        written = event.occurred if event.captured is None else event.captured
        came = max(written + DELIVERY, event.received or 0, last.get(event.terminal, 0))
        last[event.terminal] = came
        yield replace(event, captured=written, received=came)


def _tell(name: str, seed: int, start: int, calendar: Calendar) -> Story:
    title = TITLES[name]
    tell = Teller(name, seed, start + title.delay * DAY, calendar, bureau.TEAMS[name], ENTERPRISES[title.place])
    title.tell(tell)
    ids = {"task": text(tell.task)} if tell.task else {}
    if tell.case:
        ids["case"] = text(tell.case)
    hazards = [event.body["hazard_id"] for event in tell.events if event.type == "hazard.found.v1"]
    if hazards:
        ids["hazard"] = text(hazards[0])
    return Story(name, title.zh, title.en, tuple(tell.events), ids)


Figures = dict[str, int]
Block = tuple[str, str, int, int, int]


def _numbers(events: Iterable[StoryEvent]) -> tuple[Figures, list[Block]]:
    """The figure of every mark in the events, and the blocks from which terminals took theirs."""
    field: dict[tuple[str, int], dict[str, list[str]]] = {}
    desk: dict[tuple[str, int], list[str]] = {}
    seen: set[str] = set()
    for event in sorted(events, key=lambda event: (event.occurred, event.id)):
        for token, year, mark in _marks(event.body):
            if mark in seen:
                continue
            seen.add(mark)
            if event.office:
                desk.setdefault((token, year), []).append(mark)
            else:
                field.setdefault((token, year), {}).setdefault(event.terminal, []).append(mark)
    figures: Figures = {}
    blocks: list[Block] = []
    for series in sorted({*field, *desk}):
        free = 1
        for terminal, marks in sorted(field.get(series, {}).items()):
            last = free + max(BLOCK, len(marks)) - 1
            blocks.append((terminal, *series, free, last))
            figures.update({mark: free + index for index, mark in enumerate(marks)})
            free = last + 1
        figures.update({mark: free + index for index, mark in enumerate(desk.get(series, ()))})
    return figures, blocks


def _marks(value: Any) -> Iterable[tuple[str, int, str]]:
    """Every marked number in a body, in the order of its keys."""
    if isinstance(value, str):
        for found in _MARK.finditer(value):
            yield found[1], int(found[2]), found[3]
    elif isinstance(value, dict):
        for item in value.values():
            yield from _marks(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _marks(item)


def _numbered(event: StoryEvent, figures: Figures) -> StoryEvent:
    """An event with its numbers printed."""

    def printed(value: Any) -> Any:
        if isinstance(value, str):
            return _MARK.sub(lambda found: f"{PREFIX}{found[1]}〔{found[2]}〕{figures[found[3]]}号", value)
        if isinstance(value, dict):
            return {key: printed(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [printed(item) for item in value]
        return value

    body = printed(event.body)
    if event.type == "document_number.issued.v1":
        body["n"] = next(figures[mark] for _, _, mark in _marks(event.body))
    return replace(event, body=body)
