"""How the year is told: an act with its instants, the team and the enterprise that it concerns, and the steps of work.

Each step leaves what the law asks of it; a planter that wants something else says so by its arguments. The invariant: a
scene's clock moves forward only, and every id, amount and word comes from the dice of its scene.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import UUID

from ops.year import almanac
from ops.year.almanac import DAY, MINUTE, SECOND

HEAD: Final = "head"
PATIENCE: Final = 12 * DAY
"""How much later than it was meant to be the next step of a matter may come."""

RIGHTS: Final = ["有权陈述和申辩", "有权申请执法人员回避", "有配合检查、如实提供情况的义务"]
POWERS: Final = ("CF-0101", "CF-0102", "QZ-0201")
"""What every authority may do by the list that it publishes: fines, and sealing or seizing."""
METRE: Final = 10_000_000 / (3.141592653589793 / 180 * 6_371_008.8)
"""1e-7 degrees of latitude in a metre, on a sphere with the earth's mean radius."""


@dataclass(slots=True)
class Told:
    """One act. `terminal` is that of the team, "" for an act of the office; `captured` and `received` as the wire has
    them (ms). An act of the office is received when it takes place.
    """

    authority: str
    terminal: str
    type: str
    about: tuple[str, ...]
    body: Mapping[str, Any]
    by: tuple[str, ...]
    occurred: int
    captured: int
    received: int
    id: bytes
    loc: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Team:
    """Two officers with a terminal; `busy` are the days that are taken."""

    authority: str
    terminal: str
    officers: tuple[str, str]
    busy: set[datetime.date] = field(default_factory=set)

    def free(self, day: datetime.date, last: datetime.date = almanac.LAST) -> datetime.date:
        """Take the first free working day from a day on, not much later. Raises ValueError where there is none."""
        last = min(last, day + PATIENCE)
        while day in self.busy or not almanac.works(day):
            day += DAY
        if day > last:
            raise ValueError(f"{self.terminal} has no day left until {last}")
        self.busy.add(day)
        return day

    def take(self, day: datetime.date) -> datetime.date:
        """Take a day of any kind. Raises ValueError where it is taken."""
        if day in self.busy:
            raise ValueError(f"{self.terminal} is not free on {day}")
        self.busy.add(day)
        return day


@dataclass(frozen=True, slots=True)
class Site:
    """An enterprise: id, name, address, position (1e-7 degrees, WGS84), and what its profile says beside."""

    id: str
    name: str
    address: str
    lat: int
    lon: int
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A hazard that was found: id, words, and the evidence id of its picture."""

    id: bytes
    words: str
    photo: bytes


def text(value: bytes) -> str:
    """An id as tags have it."""
    return str(UUID(bytes=value))


def new_id(dice: Random, instant: int) -> bytes:
    """A UUIDv7 for an instant, from the dice."""
    rest = dice.getrandbits(74)
    return (instant << 80 | 0x7 << 76 | rest >> 62 << 64 | 0b10 << 62 | rest & (1 << 62) - 1).to_bytes(16, "big")


class Scene:
    """What one team does at one enterprise, act by act. `at` is the clock (ms)."""

    def __init__(self, team: Team, site: Site, dice: Random, officers: Sequence[str] = ()) -> None:
        """`officers`: others than the team's."""
        self.team, self.site, self.dice = team, site, dice
        self.officers = tuple(officers) or team.officers
        self.events: list[Told] = []
        self.task = self.case = b""
        self.at = 0
        self.received: int | None = None
        self._loc = {"acc": 12, "crs": "WGS84", "lat": site.lat, "lon": site.lon, "mock": False, "src": "gnss"}

    # -- clock and names --

    def on(self, day: datetime.date, hour: int = 9, minute: int | None = None, ms: int = 0) -> None:
        """Go to a time of a day; without a minute, to any of that hour."""
        self.at = almanac.at(day, hour, self.dice.randrange(60) if minute is None else minute, ms)

    def wait(self, minutes: float) -> None:
        """Let time pass."""
        self.at += int(minutes * MINUTE)

    @property
    def day(self) -> datetime.date:
        """The legal day of the clock."""
        return almanac.day_of(self.at)

    def today(self, days: int = 0) -> str:
        """The legal date, or one so many days away."""
        return (self.day + days * DAY).isoformat()

    def id(self) -> bytes:
        """A new id."""
        return new_id(self.dice, self.at)

    def digest(self) -> bytes:
        """The digest of a file that nobody looks into."""
        return self.dice.randbytes(32)

    def number(self, token: str) -> str:
        """A mark in the place of a number, which is given when the acts of all teams stand in the order of time."""
        return f"#{token}.{self.dice.getrandbits(48):x}"

    # -- acts --

    def act(self, kind: str, body: Mapping[str, Any], *tags: str, **more: Any) -> bytes:
        """An act on the team's terminal. `more`: occurred, captured, received (ms), by, loc. Returns the event id."""
        captured = more.get("captured", self.at)
        received = more.get("received", self.received)
        told = Told(
            self.team.authority, self.team.terminal, kind, self._about(body, tags), body,
            tuple(more.get("by", self.officers)), more.get("occurred", self.at), captured,
            almanac.uploaded(captured) if received is None else received, new_id(self.dice, max(0, captured)),
            more.get("loc", self._loc),
        )  # fmt: skip
        self.events.append(told)
        return told.id

    def office(self, kind: str, body: Mapping[str, Any], *tags: str, by: str = HEAD) -> bytes:
        """An act of the office, now. Returns the event id."""
        who = f"{by}-{self.team.authority}"
        told = Told(
            self.team.authority, "", kind, self._about(body, tags), body, (who,), self.at, self.at, self.at,
            new_id(self.dice, self.at),
        )  # fmt: skip
        self.events.append(told)
        return told.id

    def desk(self, name: str) -> str:
        """Somebody at a desk of the authority."""
        return f"{name}-{self.team.authority}"

    def _about(self, body: Mapping[str, Any], tags: Sequence[str]) -> tuple[str, ...]:
        found = {f"authority:{self.team.authority}", *tags}
        if "task_id" in body:
            found.add(f"task:{text(body['task_id'])}")
            found.add(f"enterprise:{self.site.id}")
        if "case_id" in body:
            found.add(f"case:{text(body['case_id'])}")
        return tuple(sorted(found))

    def actors(self, officers: Sequence[str] = (), signed: int = 2) -> list[dict[str, Any]]:
        """Officers with certificate, so many of them with a signature."""
        return [
            {
                "officer": one, "role": "officer", "certificate_no": certificate(one),
                **({"signature_ref": self.digest()} if place < signed else {}),
            }
            for place, one in enumerate(officers or self.officers)
        ]  # fmt: skip

    # -- the inspection --

    def assign(self, source: str = "campaign", **more: Any) -> None:
        """Two officers are sent, with an approved scheme."""
        self.task = self.id()
        ground = {
            "campaign": {"campaign": "安全生产专项检查"}, "lookback": {"trigger": "上年度检查回头看"},
            "reinspection": {"trigger": "整改复查"}, "joint": {"trigger": "联合执法"},
            "transferred": {"trigger": "上级交办"}, "tip": {"trigger": "群众举报"},
        }.get(source, {})  # fmt: skip
        self.office(
            "task.assigned.v1",
            {
                "task_id": self.task, "source": source, "enterprise_id": self.site.id, "officers": list(self.officers),
                "unannounced": True,
                "scheme": {
                    "content": f"检查{self.site.name}：证照、设备、现场、教育培训。",
                    "approver": self.desk(HEAD), "approved_at": self.at,
                },
                **ground, **more,
            },
        )  # fmt: skip

    def arrive(self, *, offset: int = 240, loc: Mapping[str, Any] | None = None, filmed: bool = True) -> int:
        """The clock is checked, the officers enter and show certificates; filmed. Returns the arrival (ms)."""
        self.act("terminal.clock_checked.v1", {"offset_ms": offset, "method": "server", "checked_at": self.at})
        self.wait(2)
        arrival = self.at
        where = self._loc if loc is None else loc
        self.act(
            "site.entered.v1",
            {
                "task_id": self.task, "officers_present": list(self.officers), "arrival": arrival,
                "place": self.site.address, "person_met": "安全管理员", "outcome": "entered", "actors": self.actors(),
            },
            loc=where,
        )  # fmt: skip
        self.wait(1)
        self.act(
            "credentials.shown.v1",
            {
                "task_id": self.task, "certificates": [certificate(one) for one in self.officers],
                "rights_told": RIGHTS, "recusal_asked": False, "acknowledged_by": "安全管理员",
            },
            loc=where,
        )  # fmt: skip
        if filmed:
            self.wait(1)
            self.film("A5", arrival - 30 * SECOND)
        return arrival

    def film(self, step: str, start: int, **more: Any) -> bytes:
        """A segment from `start` (ms) until now. Returns its id."""
        segment = self.id()
        body = {
            "segment_id": segment, "step_code": step, "start": start, "end": self.at, "sha256": self.digest(),
            "size": 1 + (self.at - start) * 250, "media_type": "video/mp4", "told": True,
            "officers": list(self.officers), **more,
        }  # fmt: skip
        body |= {} if "case_id" in more else {"task_id": self.task}
        self.act("recording.captured.v1", body)
        return segment

    def photo(self, what: str, step: str = "A8", **more: Any) -> bytes:
        """A picture as evidence. Returns its evidence id."""
        evidence = self.id()
        body = {
            "kind": "photo", "description": what, "evidence_id": evidence, "sha256": self.digest(), "original": True,
            "step_code": step, "captured_by": self.officers[0], **more,
        }  # fmt: skip
        body |= {} if "case_id" in more else {"task_id": self.task}
        self.act("evidence.captured.v1", body, f"evidence:{text(evidence)}")
        return evidence

    def find(self, words: str, **more: Any) -> Finding:
        """A hazard, with its picture."""
        photo = self.photo(words)
        self.wait(2)
        found = Finding(self.id(), words, photo)
        self.act(
            "hazard.found.v1",
            {
                "hazard_id": found.id, "grade": "general", "task_id": self.task, "description": words,
                "location": "车间", "clause": "安全生产法第三十六条第二款", "evidence_ids": [photo],
                "origin": "inspection", "enterprise_id": self.site.id, "found_on": self.today(), **more,
            },
            f"hazard:{text(found.id)}",
        )  # fmt: skip
        return found

    def sign(self, found: Sequence[Finding] = (), *, filmed: bool = True, signed: int = 2, **more: Any) -> str:
        """The inspection record is signed; filmed. Returns its number."""
        number = more.pop("document_no", None) or self.number("检记")
        body: dict[str, Any] = {
            "task_id": self.task, "document_no": number, "enterprise_id": self.site.id, "place": self.site.address,
            "content": f"查阅{self.site.name}责任制、教育培训和隐患排查台账，检查现场。",
            "handling": ["责令限期整改"] if found else ["现场未发现问题，予以记录"], "time": self.at,
            "text_hash": self.digest(), "signer": "主要负责人", "actors": self.actors(signed=signed), **more,
        }  # fmt: skip
        if found and "problems" not in more:
            body["problems"] = [{"text": one.words, "hazard_id": one.id} for one in found]
        self.act("inspection_record.signed.v1", body)
        if filmed:
            self.wait(1)
            self.film("A7", self.at - 10 * MINUTE)
        return number

    def order(self, found: Sequence[Finding], days: int = 15) -> datetime.date:
        """A rectification order, handed over at once. Returns its deadline."""
        self.wait(5)
        deadline = self.day + days * DAY
        number = self.number("责改")
        self.act(
            "rectification.ordered.v1",
            {
                "document_no": number, "hazard_ids": [one.id for one in found], "ordered_on": self.today(),
                "deadline": deadline.isoformat(), "remedies_told": True, "document_hash": self.digest(),
                "enterprise_id": self.site.id, "task_id": self.task, "actors": self.actors(),
            },
            *(f"hazard:{text(one.id)}" for one in found),
        )  # fmt: skip
        self.serve(number, task_id=self.task)
        return deadline

    def serve(self, number: str, **more: Any) -> None:
        """A document is handed over."""
        self.wait(3)
        self.act(
            "document.served.v1",
            {
                "document_no": number, "document_hash": self.digest(), "method": "direct", "served_on": self.today(),
                "recipient": "主要负责人", "place": self.site.address, "announced_on_spot": True,
                "actors": self.actors(), **more,
            },
        )  # fmt: skip

    def conclude(self, outcome: str = "no_problem", **more: Any) -> None:
        """The result is told and the task concluded."""
        self.wait(4)
        self.act(
            "inspection_result.told.v1",
            {
                "task_id": self.task, "told_on": self.today(), "method": "on_site", "content": "检查结果已告知。",
                "recipient": "主要负责人",
            },
        )  # fmt: skip
        self.wait(2)
        self.act("task.concluded.v1", {"task_id": self.task, "outcome": outcome, "concluded_on": self.today(), **more})

    def reinspect(self, found: Sequence[Finding], outcome: str = "corrected") -> bytes:
        """Two officers look again, with a picture of each. Returns the event id."""
        after = {}
        for one in found:
            after[one.id] = self.photo(f"复查：{one.words}", "A15")
            self.wait(4)
        return self.act(
            "reinspection.concluded.v1",
            {
                "document_no": self.number("复查"), "officers": list(self.officers), "reinspected_on": self.today(),
                "results": [
                    {"hazard_id": one.id, "outcome": outcome, "before_ids": [one.photo], "after_ids": [after[one.id]]}
                    for one in found
                ],
                "evidence_ids": list(after.values()), "task_id": self.task, "enterprise_id": self.site.id,
                "signer": "主要负责人", "actors": self.actors(),
            },
            *(f"hazard:{text(one.id)}" for one in found),
        )  # fmt: skip

    def close(self, found: Sequence[Finding], basis: bytes) -> None:
        """Hazards are closed by the second officer."""
        for one in found:
            self.wait(1)
            self.act(
                "hazard.closed.v1",
                {
                    "hazard_id": one.id, "basis_event": basis, "verifier": self.officers[1],
                    "enterprise_id": self.site.id, "closed_on": self.today(),
                },
                f"hazard:{text(one.id)}", f"enterprise:{self.site.id}",
            )  # fmt: skip


def certificate(officer: str) -> str:
    """The number of an officer's certificate."""
    return f"示{officer}"
