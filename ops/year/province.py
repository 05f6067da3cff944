"""The province: its authorities, who works there, its enterprises, and the ordinary work of the year.

Sizes follow from the scale: 1 is a province of 20 cities and 40 counties with 2,000 officers and more than a million
events. The invariant: ordinary work breaks no rule, so what is flagged in it is a fault of a detector.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random
from typing import Any, Final

from ops.year import almanac
from ops.year.almanac import DAY
from ops.year.cases import Case
from ops.year.telling import POWERS, Scene, Site, Team, Told, certificate, new_id, text

PREFIX: Final = "（示）应急"
DESKS: Final = (
    "head", "principal", "deputy", "third", "fourth", "fifth", "sixth", "seventh", "reviewer", "clerk", "discloser",
    "chair",
)  # fmt: skip
FIELD_TOKENS: Final = ("检记", "责改", "复查")
"""Kinds of documents that terminals print, each from a block of its own."""
BLOCK: Final = 200
"""Numbers of a block: no team prints more of one kind in a year."""
OPENED: Final = almanac.at(almanac.FIRST, 8)
EXPIRES: Final = almanac.END + 120 * almanac.DAY_MS
_WHAT: Final = (
    "配电箱", "灭火器", "砂轮机", "冲床", "空压机", "行车", "叉车", "储罐", "通风机", "除尘器", "报警器", "安全阀",
    "压力表", "防护罩", "接地线", "应急灯", "疏散通道", "操作平台", "输送带", "反应釜", "锅炉", "电焊机", "脚手架",
)  # fmt: skip
_WRONG: Final = (
    "门未上锁", "压力不足", "缺少护栏", "未定期检验", "私自停用", "无警示标志", "锈蚀严重", "接线裸露", "堆放杂物",
    "无人值守", "台账空白", "标识脱落", "超期使用", "联锁失效", "漏油", "松动", "被遮挡", "未接地", "无操作规程",
)  # fmt: skip
_WORDS: Final = (
    "东南西北中前后左右上下内外高低长短新旧大小红黄蓝绿白黑甲乙丙丁戊己庚辛壬癸春夏秋冬山川河海江湖林木水火土金石"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much happens. `places`: planted places and near misses of each kind of signal."""

    share: float
    places: int
    counties: int
    teams: tuple[int, int, int]
    visits: int

    @classmethod
    def of(cls, share: float, places: int | None = None) -> Scale:
        """The sizes of a share of the full year (0 < share <= 1)."""
        small = share < 0.5
        teams = (max(1, round(20 * share)), max(1, round(11 * share)), max(1, round(19 * share)))
        visits = 50 if share >= 0.1 else max(4, round(500 * share))
        return cls(share, places or max(5, round(50 * share)), 1 if small else 2, teams, visits)


@dataclass(slots=True)
class Authority:
    """An authority with its teams and its desks. `level` as the law names it."""

    code: str
    level: str
    teams: list[Team] = field(default_factory=list)
    sites: int = 0

    def desk(self, name: str) -> str:
        """Somebody at a desk."""
        return f"{name}-{self.code}"


@dataclass(slots=True)
class Visit:
    """An inspection that is to come: of which team and enterprise, on which days, for which item of the plan."""

    team: Team
    site: Site
    day: datetime.date
    again: datetime.date | None
    source: str
    item: bytes = b""
    case: tuple[datetime.date, ...] = ()


class Province:
    """Everything that exists before the year begins, and the days that are taken."""

    def __init__(self, seed: int, scale: Scale) -> None:
        """Draw the authorities and their teams."""
        self.seed, self.scale = seed, scale
        self.dice = Random(f"{seed}/province")  # noqa: S311 - a story, not a secret
        self.authorities: list[Authority] = [Authority("210000", "province")]
        for city in range(1, 21):
            self.authorities.append(Authority(f"21{city:02}00", "prefecture"))
            counties = range(21, 21 + scale.counties)
            self.authorities += [Authority(f"21{city:02}{county}", "county") for county in counties]
        number = 0
        for one in self.authorities:
            for _ in range(scale.teams[("province", "prefecture", "county").index(one.level)]):
                number += 1
                one.teams.append(Team(one.code, f"T{number:04}", (f"o{2 * number - 1:05}", f"o{2 * number:05}")))
        self.by_code = {one.code: one for one in self.authorities}
        self.teams = [team for one in self.authorities for team in one.teams]
        self.sites: list[tuple[Authority, Site]] = []
        self.officers: list[tuple[str, str, datetime.date, datetime.date]] = [
            (officer, team.authority, datetime.date(2023, 1, 1), datetime.date(2027, 12, 31))
            for team in self.teams
            for officer in team.officers
        ]
        self.visits: list[Visit] = []
        self.plans: dict[str, bytes] = {}
        self.items: dict[str, list[dict[str, Any]]] = {}

    # -- what planters and ordinary work draw from --

    def site(self, authority: str, **more: Any) -> Site:
        """A new enterprise of an authority; `more` goes into its profile."""
        one = self.by_code[authority]
        one.sites += 1
        name = "".join(self.dice.choices(_WORDS, k=3))
        made = Site(
            f"E-{authority}-{one.sites:05}", f"{name}示例{one.sites}厂", f"示例省{authority}工业园{one.sites}号",
            410_000_000 + self.dice.randrange(10_000_000), 1_220_000_000 + self.dice.randrange(20_000_000), more,
        )  # fmt: skip
        self.sites.append((one, made))
        return made

    def officer(self, authority: str, since: datetime.date, until: datetime.date) -> str:
        """One more officer, whose certificate holds on these days."""
        name = f"p{len(self.officers):05}"
        self.officers.append((name, authority, since, until))
        return name

    def plan_of(self, authority: str) -> bytes:
        """The id of an authority's plan."""
        return self.plans.setdefault(authority, new_id(self.dice, OPENED))

    def item(self, authority: str, site: Site, kind: str) -> bytes:
        """A new item of an authority's plan."""
        made: dict[str, Any] = {
            "item_id": new_id(self.dice, OPENED), "enterprise_id": site.id, "kind": kind,
            "quarter": 1 + self.dice.randrange(4), "days": 1 + self.dice.randrange(4),
        }  # fmt: skip
        self.items.setdefault(authority, []).append(made)
        self.plan_of(authority)
        found: bytes = made["item_id"]
        return found

    # -- ordinary work --

    def schedule(self) -> None:
        """Decide which team visits which enterprise when; call it after the planters took their days."""
        for team in self.teams:
            dice = Random(f"{self.seed}/{team.terminal}/days")  # noqa: S311 - as above
            site, left, item = None, 0, b""
            for number in range(self.scale.visits):
                if site is None or left == 0:
                    site, left = self.site(team.authority), 2
                    item = self.item(team.authority, site, "key" if dice.random() < 0.65 else "general")
                left -= 1
                with_item = left == 1
                month = 1 + number * 11 // self.scale.visits
                try:
                    day = team.free(datetime.date(almanac.YEAR, month, 3) + dice.randrange(25) * DAY, _LATEST)
                    again = team.free(day + (5 + dice.randrange(8)) * DAY, _LATEST) if dice.random() < 0.6 else None
                    case: tuple[datetime.date, ...] = ()
                    if again is not None and dice.random() < 0.15 and again.month < 9:
                        case = self._case_days(team, again, dice)
                except ValueError:
                    continue
                source = "plan" if with_item else dice.choice(("campaign", "lookback", "transferred", "joint"))
                self.visits.append(Visit(team, site, day, again, source, item if with_item else b"", case))

    def _case_days(self, team: Team, after: datetime.date, dice: Random) -> tuple[datetime.date, ...]:
        """Filing, interview, conclusion, notice, decision, publication and payment."""
        filed = almanac.workday(after + DAY)
        asked = team.free(filed + (1 + dice.randrange(4)) * DAY, _LATEST)
        ended = team.free(asked + (1 + dice.randrange(4)) * DAY, _LATEST)
        told = team.free(ended + (1 + dice.randrange(3)) * DAY, _LATEST)
        decided = team.free(told + (6 + dice.randrange(6)) * DAY, _LATEST)
        published = almanac.add_workdays(decided, 1 + dice.randrange(5))
        paid = almanac.add_workdays(published, 1 + dice.randrange(5))
        return filed, asked, ended, told, decided, published, paid

    def story(self, visit: Visit, number: int) -> list[Told]:
        """One inspection of ordinary work with everything that comes of it."""
        dice = Random(f"{self.seed}/visit/{number}")  # noqa: S311 - as above
        scene = Scene(visit.team, visit.site, dice)
        before = visit.day - DAY
        scene.on(before if almanac.works(before) else visit.day, 16 if almanac.works(before) else 8, 0)
        more: dict[str, Any] = {}
        if visit.item:
            more = {"plan_item_id": visit.item, "plan_id": self.plan_of(visit.team.authority)}
        scene.assign(visit.source, **more)
        scene.on(visit.day, 9 + dice.randrange(5))
        scene.arrive()
        for _ in range(2 + dice.randrange(4)):
            scene.wait(3 + dice.randrange(9))
            scene.photo(words(dice))
        found = []
        if visit.again is not None:
            for _ in range(1 + dice.randrange(4)):
                scene.wait(2 + dice.randrange(6))
                found.append(scene.find(words(dice)))
        scene.wait(10 + dice.randrange(20))
        scene.sign(found)
        if found:
            assert visit.again is not None
            scene.order(found, max(15, (visit.again - visit.day).days) + dice.randrange(15))
        scene.conclude("ordered" if found else "no_problem")
        if visit.again is not None:
            scene.on(visit.again, 9 + dice.randrange(6))
            late = dice.random() < 0.05
            basis = scene.reinspect(found, "not_corrected" if late else "corrected")
            if not late:
                scene.close(found, basis)
        if visit.case:
            _punished(scene, found, visit.case, dice)
        return scene.events


def words(dice: Random) -> str:
    """A hazard in words that hardly come twice."""
    return f"{''.join(dice.choices(_WORDS, k=4))}处{dice.choice(_WHAT)}{dice.choice(_WRONG)}"


def _punished(scene: Scene, found: Any, days: tuple[datetime.date, ...], dice: Random) -> None:
    """The general procedure for a small fine."""
    filed, asked, ended, told, decided, published, paid = days
    scene.on(filed, 10, 0)
    case = Case(scene, found)
    scene.on(asked, 9)
    case.interview()
    scene.on(ended, 10)
    case.investigated()
    fen = 100_000 * (5 + dice.randrange(40))
    scene.on(ended, 16, 0)
    case.draft(fen, {"id": "WSL-99", "version": "wsl-2021", "tier": "责令改正", "low_fen": 0, "high_fen": 5_000_000})
    scene.on(told, 10)
    case.notice()
    case.heard() if dice.random() < 0.3 else case.waived()
    number = decide_on(case, decided)
    scene.on(published, 15, 0)
    case.publish(number)
    scene.on(paid, 11, 0)
    case.pay(number, fen)
    scene.on(almanac.add_workdays(paid, 1), 15, 0)
    case.closed()


def decide_on(case: Case, day: datetime.date, hour: int = 10, **more: Any) -> str:
    """A number is issued, the decision made and handed over, all on one day. Returns the mark of the number."""
    scene = case.scene
    scene.on(day, hour, 0)
    number = scene.number("罚")
    scene.office(
        "document_number.issued.v1",
        {
            "document_no": number, "agency": scene.team.authority, "token": "罚", "year": almanac.YEAR, "n": 0,
            "case_id": case.id, "draft_hash": case.draft_hash, "issued_to": scene.officers[0],
        },
        by="clerk",
    )  # fmt: skip
    scene.wait(2)
    case.decide(number, **more)
    scene.wait(30)
    scene.serve(number, case_id=case.id)
    return number


_LATEST: Final = datetime.date(almanac.YEAR, 12, 10)
"""Ordinary work has ended by then, so that nothing of it stands open when the year is looked at."""


def opening(province: Province) -> Iterator[Told]:
    """What offices entered before the year began: certificates, enterprises, lists of powers, plans."""
    dice = Random(f"{province.seed}/opening")  # noqa: S311 - as above
    at = {one.code: OPENED for one in province.authorities}

    def office(authority: str, kind: str, body: dict[str, Any], *tags: str) -> Told:
        about = tuple(sorted({f"authority:{authority}", *tags}))
        now = at[authority]
        return Told(authority, "", kind, about, body, (f"clerk-{authority}",), now, now, now, new_id(dice, now))

    for one in province.authorities:
        for name in DESKS:
            yield office(
                one.code, "officer_certificate.recorded.v1", *_certificate(one.desk(name), legal=name == "reviewer")
            )
        yield office(
            one.code, "rule_set.published.v1",
            {
                "ruleset_id": f"{one.code}-powers", "kind": "power_list", "version": "1",
                "effective_from": "2024-01-01", "content_hash": sha256(one.code.encode()).digest(),
                "source_document": "示例应急管理局权责清单",
                "entries": [
                    {"key": "powers.items", "value": ",".join(POWERS), "since": "2024-01-01", "source": "权责清单"}
                ],
            },
        )  # fmt: skip
    for officer, authority, since, until in province.officers:
        yield office(authority, "officer_certificate.recorded.v1", *_certificate(officer, since, until))
    for one, site in province.sites:
        tag = f"enterprise:{site.id}"
        profile = {
            "enterprise_id": site.id, "name": site.name, "address": site.address, "division": one.code,
            "point": {"lat": site.lat, "lon": site.lon}, "size": "small", "risk_grade": "larger",
            "status": "operating", "effective_on": "2024-01-01", **site.more,
        }  # fmt: skip
        yield office(one.code, "enterprise.profiled.v1", profile, tag)
        supervised = {
            "enterprise_id": site.id, "agency": one.code, "level": one.level, "valid_from": "2024-01-01",
            "reason": "initial",
        }  # fmt: skip
        yield office(one.code, "supervising_body.assigned.v1", supervised, tag)
    for authority, items in sorted(province.items.items()):
        parts = [items[start : start + 250] for start in range(0, len(items), 250)]
        for number, some in enumerate(parts, 1):
            body: dict[str, Any] = {
                "plan_id": province.plans[authority], "year": almanac.YEAR, "agency": authority, "part": number,
                "parts": len(parts), "headcount": 2 * len(province.by_code[authority].teams), "items": some,
                "approver": "示例人民政府", "approval_no": f"示政复〔{almanac.YEAR}〕{4}号",
                "approved_on": f"{almanac.YEAR}-01-01",
            }  # fmt: skip
            yield office(authority, "plan.approved.v1", body)


def blocks(team: Team, terminal: bytes, number: int, dice: Random) -> Iterator[Told]:
    """The reservation of a team's blocks: the `number`-th team of its authority (from 0)."""
    for token in FIELD_TOKENS:
        about = tuple(sorted((f"authority:{team.authority}", f"terminal:{text(terminal)}")))
        body = {
            "block_id": new_id(dice, OPENED), "agency": team.authority, "token": token, "year": almanac.YEAR,
            "from_n": number * BLOCK + 1, "to_n": (number + 1) * BLOCK, "prefix": PREFIX, "terminal_id": terminal,
            "expires_at": EXPIRES,
        }  # fmt: skip
        yield Told(
            team.authority, "", "document_number.reserved.v1", about, body, (f"clerk-{team.authority}",), OPENED,
            OPENED, OPENED, new_id(dice, OPENED),
        )  # fmt: skip


class Numbers:
    """Gives the marks in the acts their numbers, in the order in which the acts come by."""

    def __init__(self, province: Province) -> None:
        """Begin every sequence anew."""
        self._given: dict[str, tuple[str, int]] = {}
        self._next: dict[tuple[str, str], int] = {}
        self._first: dict[str, int] = {
            team.terminal: place * BLOCK for one in province.authorities for place, team in enumerate(one.teams)
        }

    def printed(self, told: Told) -> Told:
        """The act with its numbers."""
        marks = {key: value for key in NUMBERED if isinstance(value := told.body.get(key), str) and value[0] == "#"}
        if not marks:
            return told
        body = dict(told.body)
        for key, mark in marks.items():
            body[key], n = self._of(mark, told)
            if told.type == "document_number.issued.v1":
                body["n"] = n
        return replace(told, body=body)

    def _of(self, mark: str, told: Told) -> tuple[str, int]:
        if mark not in self._given:
            token = mark[1:].partition(".")[0]
            owner = told.terminal if token in FIELD_TOKENS else told.authority
            start = self._first[told.terminal] if token in FIELD_TOKENS else 0
            n = self._next[owner, token] = self._next.get((owner, token), start) + 1
            self._given[mark] = f"{PREFIX}{token}〔{almanac.YEAR}〕{n}号", n
        return self._given[mark]


NUMBERED: Final = ("document_no", "decision_no", "target_document_no", "demand_no")


def _certificate(
    officer: str, since: datetime.date = datetime.date(2023, 1, 1),
    until: datetime.date = datetime.date(2027, 12, 31), *, legal: bool = False,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    body: dict[str, Any] = {
        "officer_id": officer, "certificate_no": certificate(officer), "issuer": "示例省人民政府",
        "unit": "法规科" if legal else "执法科", "unit_role": "legal" if legal else "enforcement",
        "categories": ["安全生产"], "valid_from": since.isoformat(), "valid_to": until.isoformat(),
    }  # fmt: skip
    if legal:
        body["reviewer_qualification"] = {"number": "示法20190001", "obtained_on": "2019-03-31"}
    return body, f"officer:{officer}"
