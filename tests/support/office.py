"""A bureau under attack: officers by form and by program, terminals with claims, and a referee who reads the log.

`Attack` drives a running house step by step from a thread of its own; `Referee` knows nothing of judges and gates: it
reads the entries and says of every number and every decision what is wrong with it. All persons are invented.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import msgspec
from msgspec import structs

from domain.matter import Fact
from domain.office import gates
from domain.office.commands import ITEMS
from domain.workdays import day_of
from schemas import batch as batches
from schemas import entries
from schemas.entries import Who
from schemas.events import REGISTRY
from schemas.events.case import Party
from schemas.events.draft import DecisionDrafted, hash_of
from schemas.events.penalty import PenaltyDecided
from schemas.events.review import LegalReviewConcluded
from server.log.acts import Act, OfficeActs
from server.log.desk import Gate
from server.log.ids import now_ms, uuid7, uuid_text
from tests.support.cases import CERTIFIED, CHAIR, CLAUSES, FACTS, LIN, REMEDIES, REVIEWER, ZHAO, story
from tests.support.facts import CASE, ENTERPRISE, certificate
from tests.support.log import AUTHORITY, PaperTerminal, enrol, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.web import House, form_token, open_house

T = TypeVar("T")
HEAD: Final = "officer-0002"
UNIT: Final = "officer-0001"
SECOND: Final = "officer-0032"
"""A second reviewer, qualified as the first one is."""
STRAY: Final = "officer-0041"
"""Somebody whom no register qualifies."""
FRONT: Final = "（示）应急"
TOKEN: Final = "罚"
HANDLERS: Final = frozenset({LIN, ZHAO})
QUALIFIED: Final = frozenset({REVIEWER, SECOND})


@dataclass
class Referee:
    """What the log says of decisions and their numbers, read entry by entry. `faults` stay empty in an honest log."""

    faults: list[str] = field(default_factory=list)
    decisions: int = 0
    numbers: int = 0
    claims: int = 0
    entries: int = 0
    _drafts: dict[tuple[bytes, bytes], DecisionDrafted] = field(default_factory=dict)
    _said: dict[tuple[bytes, bytes], LegalReviewConcluded] = field(default_factory=dict)
    _open: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _claimed: set[tuple[bytes, bytes]] = field(default_factory=set)

    def read(self, position: int, data: bytes) -> None:
        """One more entry."""
        self.entries += 1
        entry = entries.decode(data)
        self._due(position)
        if isinstance(entry, entries.FieldEntry):
            self.claims += 1
            return
        if not isinstance(entry, entries.OfficeEntry):
            return
        match REGISTRY.decode_body(entry.y, entry.b):
            case DecisionDrafted() as draft:
                self._drafts[draft.case_id, draft.draft_hash] = draft
            case LegalReviewConcluded() as review:
                self._said[review.case_id, review.draft_hash] = review
            case PenaltyDecided() as decision:
                self._decided(position, decision)
            case _ if entry.y == "document_number.issued.v1" and entry.b["token"] == TOKEN:
                self.numbers += 1
                self._open[entry.b["document_no"]] = (position, entry.b.get("case_id", b""))
            case _:
                pass

    def end(self, size: int) -> None:
        """Nothing comes any more."""
        self._due(size + 1)

    def _due(self, position: int) -> None:
        for number, (since, _) in list(self._open.items()):
            if position > since + 1:
                self.faults.append(f"entry {since}: the number {number} was given out and no decision stands with it")
                del self._open[number]

    def _decided(self, position: int, decision: PenaltyDecided) -> None:
        self.decisions += 1
        name = (decision.case_id, decision.draft_hash)
        draft, review = self._drafts.get(name), self._said.get(name)
        issued = self._open.pop(decision.document_no, None)
        found = []
        if issued is None or issued[1] != decision.case_id:
            found.append("its number was not given out with it")
        if decision.document_no in self._used:
            found.append("its number stands on another decision")
        if draft is None:
            found.append("there is no such draft")
        elif hash_of(draft) != decision.draft_hash or (draft.penalties, draft.facts) != (
            decision.penalties,
            decision.facts,
        ):
            found.append("it does not say what the draft says")
        if review is None or review.outcome != "passed":
            found.append("its draft was not passed in review")
        elif review.reviewer in HANDLERS or review.reviewer not in QUALIFIED:
            found.append(f"{review.reviewer} may not review it")
        self._used.add(decision.document_no)
        self.faults += [f"entry {position}: {decision.document_no}: {one}" for one in found]


class Attack:
    """A house with officers and a terminal, driven from the test's thread; every method that is a step is one call."""

    def __init__(self, database: TestDatabase, folder: Path, gate: Gate = gates.closed) -> None:
        self.referee = Referee()
        self._database = database
        self.steps = 0
        self.statuses: dict[str, int] = {}
        self.case = b""
        self.firms: list[str] = []
        self._read_to = -1
        self._hands: dict[str, aiohttp.ClientSession] = {}
        self._tokens: dict[str, str] = {}
        self._programs: dict[str, aiohttp.ClientSession] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="attack", daemon=True)
        self._thread.start()
        self._stop = asyncio.Event()
        self._ready: asyncio.Future[House]
        self._task = asyncio.run_coroutine_threadsafe(self._serve(database, folder, gate), self._loop)
        began = threading.Event()
        self._began = began
        while not began.wait(0.2):
            if self._task.done():
                self._task.result()

    def close(self) -> None:
        """End everything that was begun."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._task.result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _serve(self, database: TestDatabase, folder: Path, gate: Gate) -> None:
        async with AsyncExitStack() as stack:
            people = (LIN, UNIT, HEAD, REVIEWER, SECOND)
            house = await stack.enter_async_context(
                open_house(database, folder, people=people, log=True, terminals=True, desk_gate=gate)
            )
            for name in people:
                hand = await stack.enter_async_context(house.browser(name))
                self._hands[name] = hand
                async with hand.get("/") as page:
                    self._tokens[name] = form_token(await page.text())
            for role in ("unit_head", "bureau_head", "legal_reviewer"):
                self._programs[role] = await stack.enter_async_context(house.program(role))
            self.house = house
            self.terminal = PaperTerminal()
            await enrol(house.log, self.terminal)
            registered = [one for facts in CERTIFIED.values() for one in facts]
            registered.append(certificate(SECOND, reviewer_qualification={"obtained_on": "2020-03-01"}))
            await self._record(registered)
            self._began.set()
            await self._stop.wait()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    # -- what is there before ------------------------------------------------------------------------------------------

    def begin_case(self) -> None:
        """A case with notice, defence and hearing behind it: what is due now is the review and the discussion."""
        self.case = uuid7()
        self._do(self._record(self._renamed(story(until="held", without=("drafted",)))))
        self.drafts: list[str] = []
        self.reviews: list[str] = []
        self.state = "new"
        self._stamp = ""

    def _renamed(self, facts: Sequence[Fact]) -> list[Fact]:
        """The facts of the story as those of the case of this run, against an enterprise of its own."""
        firm = f"E-{len(self.firms)}"
        self.firms.append(firm)
        tags = {
            f"case:{uuid_text(CASE)}": f"case:{uuid_text(self.case)}",
            f"enterprise:{ENTERPRISE}": f"enterprise:{firm}",
        }
        found = []
        for one in facts:
            body: Any = one.body
            if hasattr(body, "case_id"):
                body = structs.replace(body, case_id=self.case)
            if isinstance(getattr(body, "party", None), Party):
                body = structs.replace(body, party=structs.replace(body.party, id=firm))
            about = tuple(tags.get(tag, tag) for tag in one.about)
            found.append(replace(one, body=body, about=about, id=uuid7()))
        return found

    async def _record(self, facts: Sequence[Fact]) -> None:
        """Acts of the office one by one, and what the field recorded in one batch behind them."""
        sealed = []
        for one in facts:
            body = msgspec.to_builtins(one.body, builtin_types=(bytes,))
            if one.source == "office":
                act = Act(one.type, sorted(one.about), body, uuid7(), 1, one.id)
                who = Who(officer=HEAD, session=bytes(32), via="console")
                await self.house.log.committer.submit(OfficeActs(AUTHORITY, [act], who, one.received))
            else:
                sealed.append(
                    self.terminal.envelope(
                        one.type, body, about=sorted(one.about), by=list(one.by), occurred=one.occurred, id=one.id
                    )
                )
        if sealed:
            await send(self.house.log, self.terminal.batch(sealed))

    # -- steps ---------------------------------------------------------------------------------------------------------

    def go_on(self, form: bool) -> None:
        """The next lawful act, by whoever may."""
        newest, review = self.draft_of(0), self.review_of(0)
        match self.state:
            case "new":
                self.draft(UNIT, 6_000_000 + 100 * self.steps, form)
            case "drafted":
                self.ask(UNIT, newest, form)
            case "asked":
                self.assign(REVIEWER, review, REVIEWER, form)
            case "assigned":
                if self.act(REVIEWER, "conclude-review", opinion(review, newest, "passed"), form=True)[0] == 303:
                    self.state = "passed"
                else:
                    self.act(UNIT, "withdraw-review", {"review": review, "reason": "重新送审"}, form=form)
                    self.state = "drafted"
            case "passed":
                self.act(HEAD, "discuss", discussion(newest), form=form)
                self.state = "discussed"
            case _:
                if not self.decide(newest, form):
                    self.state = "drafted"

    def draft(self, who: str, fen: int, form: bool) -> None:
        """Write a draft."""
        status, answer = self.act(who, "draft", draft(fen), form=form or who == LIN)
        if status in (201, 303):
            self.drafts.append((ids_in(answer) or self.newest_draft())["draft_hash"])
            self.state = "drafted"

    def ask(self, who: str, wanted: str, form: bool) -> None:
        """Send a draft to the legal unit."""
        act = uuid_text(uuid7())
        status, _ = self.act(who, "request-review", {"draft_hash": wanted}, form=form or who == LIN, key=act)
        if status in (201, 303):
            self.reviews.append(act)
            self.state = "asked"
        elif self.state == "drafted" and self.reviews:
            self.state = "asked"

    def assign(self, by: str, review: str, who: str, form: bool) -> None:
        """Give a review to somebody."""
        status, _ = self.act(by, "assign-review", {"review": review, "reviewer": who, "reason": "改派"}, form=form)
        if status in (201, 303) or self.state == "asked":
            self.state = "assigned"

    def decide(self, wanted: str, form: bool) -> bool:
        """Make the decision; a case that is decided is followed by another one."""
        status, _ = self.act(HEAD, "decide", {"draft_hash": wanted, "front": FRONT}, form=form)
        if status not in (201, 303):
            return False
        self.begin_case()
        return True

    def claim(self, wanted: bytes, who: str) -> None:
        """What a terminal makes up: the review passed, somebody qualified, a draft, the decision itself."""
        about = [*self.about, f"officer:{STRAY}"]
        self.upload(
            [
                ("legal_review.concluded.v1", passed_claim(self.case, wanted, who), self.about),
                ("officer_certificate.recorded.v1", certificate_claim(STRAY), about),
                ("decision.drafted.v1", self.draft_claim(wanted), self.about),
                ("penalty.decided.v1", self.decision_claim(wanted, f"{FRONT}罚〔2025〕9号"), self.about),
            ]
        )

    def draft_of(self, old: int) -> str:
        """The hash of the newest draft (0) or of one before it; of none where there is none."""
        return self.drafts[-1 - old % len(self.drafts)] if self.drafts else "0" * 64

    def review_of(self, old: int) -> str:
        """The id of the newest review or of one before it."""
        return self.reviews[-1 - old % len(self.reviews)] if self.reviews else uuid_text(uuid7())

    def act(self, who: str, act: str, told: dict[str, Any], *, form: bool, key: str = "") -> tuple[int, Any]:
        """One act of an officer, by form or by program. Returns the status and what came back."""
        self.steps += 1
        name = key or uuid_text(uuid7())
        status, answer = self._do(self._form(who, act, told, name) if form else self._json(who, act, told, name))
        self.statuses[f"{act} {status}"] = self.statuses.get(f"{act} {status}", 0) + 1
        assert status < 500, (act, status, answer)
        return status, answer

    async def _json(self, who: str, act: str, told: dict[str, Any], name: str) -> tuple[int, Any]:
        role = {HEAD: "bureau_head", UNIT: "unit_head"}.get(who, "legal_reviewer")
        program = self._programs[role]
        headers = {"If-Match": "*", "Idempotency-Key": name}
        place = f"/api/v1/cases/{uuid_text(self.case)}/acts/{act}"
        async with program.post(place, json=told, headers=headers) as answer:
            self._stamp = answer.headers.get("ETag", "").strip('"') or self._stamp
            return answer.status, await answer.json()

    async def _form(self, who: str, act: str, told: dict[str, Any], name: str) -> tuple[int, Any]:
        hand = self._hands[who]
        place = f"/cases/{uuid_text(self.case)}"
        if not self._stamp:
            async with hand.get(f"/api/v1{place}/acts") as answer:
                self._stamp = (await answer.json())["etag"]
        fields = {"form_token": self._tokens[who], "act": name, "seen": self._stamp, **_fields(act, told)}
        async with hand.post(f"{place}/acts/{act}", data=fields, allow_redirects=False) as answer:
            if answer.status == 303:
                self._stamp = ""
            return answer.status, await answer.text() if answer.status != 303 else answer.headers["Location"]

    def number(self, who: str) -> int:
        """Ask for the next number of the sequence of decisions, for the case."""
        self.steps += 1
        return self._do(self._number(who))

    async def _number(self, who: str) -> int:
        if self.steps % 2:
            await judge(self._database)  # the page of numbers asks what the judges have come to
        year = str(day_of(now_ms()).year)
        form = {"form_token": self._tokens[who], "token": TOKEN, "year": year, "front": FRONT,
                "case": uuid_text(self.case)}  # fmt: skip
        async with self._hands[who].post("/numbers/issue", data=form, allow_redirects=False) as answer:
            await answer.read()
            self.statuses[f"number {answer.status}"] = self.statuses.get(f"number {answer.status}", 0) + 1
            assert answer.status < 500 or answer.status == 503, answer.status
            return answer.status

    def upload(self, records: Sequence[tuple[str, dict[str, Any], list[str]]]) -> None:
        """Hand in what a terminal says, several records in one batch."""
        self.steps += 1
        sealed = [
            self.terminal.envelope(type_name, body, about=sorted(about), by=["officer-0017"])
            for type_name, body, about in records
        ]
        data = batches.encode(self.terminal.batch(sealed))
        status = self._do(self._post(data))
        assert status == 200, status

    async def _post(self, data: bytes) -> int:
        headers = {"Content-Type": "application/msgpack"}
        async with self._hands[LIN].post("/sync/v1/batches", data=data, headers=headers) as answer:
            await answer.read()
            return answer.status

    def look(self) -> None:
        """Let the referee read what the log has become."""
        for position, data in self._do(self._entries()):
            self.referee.read(position, data)
            self._read_to = position

    async def _entries(self) -> list[tuple[int, bytes]]:
        head = await self.house.log.head()
        rows = await self.house.log.pool.fetch(
            "SELECT position, entry FROM log.entries WHERE log_id = $1 AND position > $2 ORDER BY position",
            head["log_id"], self._read_to,
        )  # fmt: skip
        return [(row["position"], bytes(row["entry"])) for row in rows]

    def newest_draft(self) -> dict[str, Any]:
        """The newest draft of the case, as programs are told of it."""
        return self._do(self._told())["drafts"][-1]

    async def _told(self) -> dict[str, Any]:
        async with self._programs["unit_head"].get(f"/api/v1/cases/{uuid_text(self.case)}/acts") as answer:
            told: dict[str, Any] = await answer.json()
            return told

    def draft_claim(self, draft_hash: bytes) -> dict[str, Any]:
        """What a terminal says of a draft that it never wrote."""
        return {
            "draft_id": uuid7(), "case_id": self.case, "version": 9, "kind": "penalty",
            "party": {"type": "organisation", "name": "某公司"}, "facts": "x", "bases": ["y"],
            "penalties": [{"kind": "P01"}], "draft_hash": draft_hash, "drafted_by": LIN, "drafted_on": "2026-03-01",
        }  # fmt: skip

    def decision_claim(self, draft_hash: bytes, number: str) -> dict[str, Any]:
        """What a terminal says of a decision that the office never made."""
        return {
            "case_id": self.case, "document_no": number, "decided_on": "2026-03-01", "penalties": [{"kind": "P01"}],
            "facts": "x", "bases": ["y"], "draft_hash": draft_hash,
        }  # fmt: skip

    @property
    def about(self) -> list[str]:
        """Tags of records of the case."""
        return [f"authority:{AUTHORITY}", f"case:{uuid_text(self.case)}"]


def draft(fen: int) -> dict[str, Any]:
    """A draft of a fine."""
    return {
        "facts": FACTS, "bases": list(CLAUSES), "penalties": [{"kind": "P03", "amount_fen": fen}],
        "remedies_text": REMEDIES,
    }  # fmt: skip


def opinion(review: str, draft_hash: str, outcome: str) -> dict[str, Any]:
    """A reviewer's opinion; anything but passing names a problem."""
    good = outcome in ("passed", "transfer_suggested")
    items = [{"item": item, "answer": "pass", "text": ""} for item in ITEMS[1:]]
    first = {"item": ITEMS[0], "answer": "pass" if good else "problem", "text": "" if good else "主体有误"}
    return {
        "review": review, "draft_hash": draft_hash, "outcome": outcome, "items": [first, *items], "opinion": "如上",
    }  # fmt: skip


def discussion(draft_hash: str) -> dict[str, Any]:
    """Three heads who agree."""
    return {
        "draft_hash": draft_hash, "held_on": str(day_of(now_ms())), "host": HEAD, "principal": HEAD, "recorder": LIN,
        "outcome": "as_proposed", "decision": "同意",
        "opinions": [{"member": one, "view": "agree"} for one in (HEAD, "officer-0003", CHAIR)],
    }  # fmt: skip


def passed_claim(case: bytes, draft_hash: bytes, reviewer: str) -> dict[str, Any]:
    """What a terminal says of a review that never was."""
    return {
        "review_id": uuid7(), "case_id": case, "reviewer": reviewer, "draft_hash": draft_hash, "outcome": "passed",
        "concluded_at": now_ms(),
    }  # fmt: skip


def certificate_claim(officer: str) -> dict[str, Any]:
    """What a terminal says of a qualification that nobody registered."""
    return {
        "officer_id": officer, "certificate_no": "E-9", "issuer": "示例市人民政府", "valid_from": "2026-01-01",
        "valid_to": "2027-12-31", "reviewer_qualification": {"obtained_on": "2020-01-01"},
    }  # fmt: skip


def _fields(act: str, told: dict[str, Any]) -> dict[str, str]:
    """A command as the fields of its form."""
    match act:
        case "draft":
            fen = told["penalties"][0]["amount_fen"]
            return {
                "facts": told["facts"], "bases": "\n".join(told["bases"]), "kind_0": told["penalties"][0]["kind"],
                "yuan_0": f"{fen // 100}.{fen % 100:02}", "remedies_text": told["remedies_text"],
            }  # fmt: skip
        case "conclude-review":
            answers = {f"answer_{one['item']}": one["answer"] for one in told["items"]}
            texts = {f"text_{one['item']}": one["text"] for one in told["items"]}
            return {**answers, **texts, **{name: told[name] for name in ("review", "draft_hash", "outcome", "opinion")}}
        case "discuss":
            said = {f"member_{row}": one["member"] for row, one in enumerate(told["opinions"])}
            return {**said, **{name: value for name, value in told.items() if isinstance(value, str)}}
        case "ask-for-correction":
            return {"review": told["review"], "reason": told["reason"], "missing": "\n".join(told["missing"])}
        case _:
            return {name: str(value) for name, value in told.items()}


def ids_in(answer: Any) -> dict[str, Any]:
    """The body of an act that a program asked for; {} where it was refused or came by a form."""
    return answer["body"] if isinstance(answer, dict) and "body" in answer else {}
