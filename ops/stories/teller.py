"""Who tells a story: a clock over working days, ids that are the same in every run, tags read off the bodies.

A story says what happened in the words of the procedure (`enter`, `order`, `reinspect` …); this module makes events of
it. The invariant: the clock only moves forward, and every act on the site is signed by its two officers and recorded on
the terminal of their team, unless the story says otherwise.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from domain.workdays import SHANGHAI, Calendar
from ops.stories import media
from ops.stories.event import MINUTE, Enclosure, Enterprise, StoryEvent, china, text
from schemas.events import REGISTRY

AUTHORITY: Final = "210500"
PREFIX: Final = "（示）应急"
HEAD, PRINCIPAL, DEPUTY, THIRD = "unit_head", "bureau_head", "officer-0102", "officer-0103"
REVIEWER, CHAIR, RECORDER = "legal_reviewer", "officer-0105", "officer-0106"
ARCHIVIST, DISCLOSER, CASHIER, STAND_IN = "officer-0107", "discloser", "officer-0108", "officer-0127"
RIGHTS: Final = ("有权陈述和申辩", "有权申请执法人员回避", "有配合检查、如实提供情况的义务")
POWERS: Final = ("CF-0101", "CF-0102", "CF-0103", "QZ-0201")
"""Codes of the powers that the bureau published: fines, and one compulsory measure."""
REMEDIES: Final = (
    "可自收到本决定书之日起六十日内向示例市人民政府申请行政复议，或者六个月内向示例市人民法院提起行政诉讼。"
)
FIRST_REMEDY: Final = (
    "不服本决定的，应当先自收到本决定书之日起六十日内向示例市人民政府申请行政复议，对复议决定不服的再提起行政诉讼。"
)
SIGNED: Final = frozenset(
    (
        "site.entered.v1",
        "credentials.shown.v1",
        "inspection_record.signed.v1",
        "interview.recorded.v1",
        "on_site_measure.ordered.v1",
        "rectification.ordered.v1",
        "reinspection.concluded.v1",
        "document.served.v1",
        "evidence_preservation.ordered.v1",
        "compulsory_measure.imposed.v1",
        "on_spot_penalty.decided.v1",
    )
)
"""Types that name both officers with certificate and signature."""


@dataclass(frozen=True, slots=True)
class Team:
    """Two officers and the terminal that they carry."""

    terminal: str
    officers: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A hazard of a story. `mandatory`: its clause demands a penalty."""

    id: bytes
    description: str
    place: str
    clause: str
    major: bool = False
    mandatory: bool = False
    photo: bytes = b""


def certificate(officer: str) -> str:
    """The number of an officer's certificate."""
    return f"示{int.from_bytes(sha256(officer.encode()).digest()[:4], 'big') % 10_000_000:07d}"


def named(what: str) -> bytes:
    """The id (UUIDv7) of something that the bureau prepared before the stories: its plan, an item of it, a draw."""
    raw = bytearray(bytes.fromhex("019b77b00000") + sha256(f"bureau/{what}".encode()).digest()[:10])
    raw[6], raw[8] = 0x70 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F
    return bytes(raw)


class Teller:
    """One story in the making. `at` is its clock (ms); times of day are those of Asia/Shanghai."""

    def __init__(self, name: str, seed: int, start: int, calendar: Calendar, team: Team, place: Enterprise) -> None:
        """Begin on the first working day after `start` (ms)."""
        self.name, self.team, self.enterprise = name, team, place
        self.events: list[StoryEvent] = []
        self.task = self.case = b""
        self.in_case = False
        self.at = start
        self._seed = seed
        self._calendar = calendar
        self._count = 0
        self.later(1, "08:40")

    # -- the clock --

    def later(self, workdays: int, time: str) -> None:
        """Go on to a time of day, so many working days later (0: today). Raises ValueError if that lies behind."""
        day = self._calendar.add_workdays(china(self.at).date(), workdays).day
        self.on(day, time)

    def on(self, day: datetime.date, time: str) -> None:
        """Go on to a time of a day. Raises ValueError if that lies behind."""
        moment = datetime.datetime.combine(day, datetime.time.fromisoformat(time), SHANGHAI)
        instant = int(moment.timestamp() * 1000)
        if instant < self.at:
            raise ValueError(f"{self.name}: {moment:%Y-%m-%d %H:%M} lies behind {china(self.at):%Y-%m-%d %H:%M}")
        self.at = instant

    def clock(self) -> datetime.datetime:
        """The clock as it hangs on a wall in Asia/Shanghai."""
        return china(self.at)

    def wait(self, minutes: int) -> None:
        """Let some minutes pass."""
        self.at += minutes * MINUTE

    def today(self, days: int = 0) -> str:
        """The legal date, or one so many calendar days away."""
        return (china(self.at).date() + datetime.timedelta(days=days)).isoformat()

    def workday(self, workdays: int) -> str:
        """The date of so many working days from today."""
        return self._calendar.add_workdays(china(self.at).date(), workdays).day.isoformat()

    # -- names --

    def id(self) -> bytes:
        """A new UUIDv7, the same in every run."""
        self._count += 1
        raw = bytearray(max(0, self.at).to_bytes(6, "big"))
        raw += sha256(f"{self._seed}/{self.name}/{self._count}".encode()).digest()[:10]
        raw[6], raw[8] = 0x70 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F
        return bytes(raw)

    def digest(self, what: str) -> bytes:
        """SHA-256 of a paper that the story only mentions."""
        return sha256(f"{self.name}/{what}".encode()).digest()

    def number(self, token: str) -> str:
        """A document number that is given its figure when all stories are put together; ask once for each paper."""
        self._count += 1
        return f"{PREFIX}{token}〔{china(self.at).year}〕#{self.name}.{self._count}号"

    def file(self, what: str, seconds: int = 0) -> Enclosure:
        """A picture with made-up content, or so many seconds of sound."""
        self._count += 1
        seed = f"{self._seed}/{self.name}/{self._count}/{what}".encode()
        if seconds:
            return Enclosure(f"{what}.wav", "audio/wav", media.sound(seed, seconds))
        return Enclosure(f"{what}.png", "image/png", media.picture(seed))

    def actors(self, officers: Iterable[str] | None = None, role: str = "officer") -> list[dict[str, Any]]:
        """Officers with certificate and signature, as `actors` has them."""
        return [
            {
                "officer": each,
                "role": role,
                "certificate_no": certificate(each),
                "signature_ref": sha256(f"signature of {each}".encode()).digest(),
            }
            for each in officers or self.team.officers
        ]

    # -- events --

    def field(
        self, type: str, body: Mapping[str, Any], *,  # noqa: A002 - the word of the wire
        minutes: int = 5, by: Sequence[str] | None = None, private: Mapping[str, object] | None = None,
        files: Sequence[Enclosure] = (), captured: int | None = None, received: int | None = None,
        location: Mapping[str, object] | None = None,
    ) -> bytes:  # fmt: skip
        """An act recorded on the team's terminal, so many minutes after the last; returns its event id."""
        self.wait(minutes)
        people = tuple(by or self.team.officers)
        full = dict(body)
        if type in SIGNED:
            full.setdefault("actors", self.actors(people))
        made = StoryEvent(
            type, self._tags(type, full), full, people, self.at, private or {}, tuple(files), self.id(),
            terminal=self.team.terminal, captured=captured, received=received,
            location=location or self.here(),
        )  # fmt: skip
        self.events.append(made)
        return made.id

    def office(
        self, type: str, body: Mapping[str, Any], *, by: str = HEAD, minutes: int = 5,  # noqa: A002 - as above
        terminal: str = "",
    ) -> bytes:  # fmt: skip
        """An act at the desk; returns its event id."""
        self.wait(minutes)
        made = StoryEvent(
            type, self._tags(type, body), dict(body), (by,), self.at, id=self.id(), desk=True, terminal=terminal
        )
        self.events.append(made)
        return made.id

    def here(self, east: int = 0, north: int = 0, *, mock: bool = False) -> dict[str, object]:
        """A position at the enterprise, or so many 1e-7 degrees beside it."""
        place = self.enterprise
        return {
            "acc": 12, "crs": "WGS84", "lat": place.lat + north, "lon": place.lon + east, "mock": mock, "src": "gnss",
        }  # fmt: skip

    def _tags(self, type: str, body: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: A002 - as above
        kinds = REGISTRY[type].tags
        tags = [f"authority:{AUTHORITY}"]
        if self.task and "task" in kinds and not (self.in_case and "case" in kinds):
            tags.append(f"task:{text(self.task)}")
        if self.case and "case" in kinds and (self.in_case or "case_id" in body):
            tags.append(f"case:{text(self.case)}")
        if "hazard" in kinds:
            hazards = {*body.get("hazard_ids", ()), *(one["hazard_id"] for one in body.get("results", ()))}
            hazards |= {body["hazard_id"]} if "hazard_id" in body else set()
            tags += [f"hazard:{text(each)}" for each in hazards]
        if "enterprise" in kinds:
            tags.append(f"enterprise:{body.get('enterprise_id', self.enterprise.id)}")
        if "officer" in kinds:
            named = [*body.get("officers", ()), *body.get("handlers", ())]
            named += [body[key] for key in ("officer", "officer_id") if key in body]
            tags += [f"officer:{each}" for each in dict.fromkeys(named)]
        if "evidence_id" in body and "evidence" in kinds:
            tags.append(f"evidence:{text(body['evidence_id'])}")
        return tuple(sorted(dict.fromkeys(tags)))
