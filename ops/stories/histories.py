"""Random histories: what officers of an invented bureau do in a year, told as events in the order of the procedure.

For the demo and for fleets of simulated terminals. A story is a pure function of its seed: an inspection with hazards,
evidence, record, order and re-inspection, and sometimes the penalty case that follows. All enterprises, officers and
persons are invented; the clauses are those of the Work Safety Law (2021) and the Administrative Penalty Law (2021).

Invariant: every body is valid for its type in the registry, and `occurred` never runs backwards within a story.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from ops.stories.event import DAY, ENTERPRISES, HOUR, MINUTE, Enclosure, StoryEvent, china, text


@dataclass(frozen=True, slots=True)
class _Hazard:
    description: str
    location: str
    clause: str
    major: bool = False


_HAZARDS: Final = (
    _Hazard("可燃气体报警器断电停用，控制柜无声光信号", "二车间反应釜平台", "安全生产法第三十六条第三款", major=True),
    _Hazard("疏散出口被成品垛堵塞，宽度不足 0.4 米", "成品库东侧", "安全生产法第四十二条第二款", major=True),
    _Hazard("员工宿舍与危险物品仓库设在同一座建筑内", "综合楼一至二层", "安全生产法第四十二条第一款", major=True),
    _Hazard("除尘管道积粉厚度超过 3 毫米，未按制度清扫", "打磨间除尘器", "安全生产法第四十一条第二款", major=True),
    _Hazard("电焊作业人员不能出示特种作业操作证", "维修间", "安全生产法第三十条第一款"),
    _Hazard("动火作业未安排专门人员进行现场安全管理", "储罐区南侧", "安全生产法第四十三条"),
    _Hazard("配电箱前堆放杂物，门未上锁，缺少安全警示标志", "一车间配电室", "安全生产法第三十五条"),
    _Hazard("新入职人员三人无安全生产教育培训记录", "人事档案", "安全生产法第二十八条第一款"),
    _Hazard("防护手套、护目镜未按标准发放，登记表空白", "劳保用品库", "安全生产法第四十五条"),
    _Hazard("冲床光电保护装置失效，仍在使用", "冲压线 3 号机", "安全生产法第三十六条第二款"),
    _Hazard("应急预案三年未演练，无演练记录", "安全管理办公室", "安全生产法第八十一条"),
    _Hazard("灭火器压力不足，检查卡停留在上年度", "原料库", "安全生产法第三十六条第二款"),
)
_RIGHTS: Final = ("有权陈述和申辩", "有权申请执法人员回避", "有配合检查、如实提供情况的义务")
_SOURCES: Final = ("campaign", "tip", "lookback")
_GROUNDS: Final[Mapping[str, Mapping[str, str]]] = {
    "campaign": {"campaign": "安全生产专项检查"},
    "tip": {"trigger": "群众举报"},
    "lookback": {"trigger": "上年度检查回头看"},
}
_SURNAMES: Final = "林赵周吴郑冯陈褚卫蒋"


def officers(seed: int, count: int = 12) -> list[str]:
    """Officer ids of an invented bureau."""
    return [f"officer-{(seed * 31 + index * 17) % 9000 + 1000:04d}" for index in range(count)]


def histories(seed: int, *, start: int, authority: str = "210500") -> Iterator[list[StoryEvent]]:
    """Endless histories, each a list of events in order, beginning after `start` (ms). Same seed, same histories."""
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    number = 0
    while True:
        number += 1
        begin = start + dice.randrange(0, 20 * DAY)
        yield _Story(dice, number, begin, authority, officers(seed)).tell()


def field_events(seed: int, *, start: int, authority: str = "210500") -> Iterator[StoryEvent]:
    """Only what a terminal may bring about, endlessly."""
    for history in histories(seed, start=start, authority=authority):
        yield from (event for event in history if not event.office)


class _Story:
    """One inspection and what came of it. The clock `at` only moves forward."""

    def __init__(self, dice: random.Random, number: int, begin: int, authority: str, people: list[str]) -> None:
        self.dice = dice
        self.number = number
        self.at = begin - begin % DAY + HOUR + dice.randrange(0, 6 * HOUR)  # from nine in the morning, Asia/Shanghai
        self.authority = authority
        self.events: list[StoryEvent] = []
        self.enterprise = dice.choice(ENTERPRISES)
        self.pair = tuple(dice.sample(people, 2))
        self.head, self.reviewer = dice.sample([each for each in people if each not in self.pair], 2)
        self.task = self._id()
        self.case = self._id()

    def tell(self) -> list[StoryEvent]:
        found = self.dice.sample(_HAZARDS, self.dice.choice((0, 1, 2, 2, 3, 4)))
        hazards = [(self._id(), each) for each in found]
        self._assign()
        if self._arrive():
            self._inspect(hazards)
            if hazards:
                self._order(hazards)
                corrected = self._reinspect(hazards)
                if any(each.major for _, each in hazards) or not corrected:
                    self._penalise(hazards[0][1])
        return self.events

    # -- the procedure, step by step --

    def _assign(self) -> None:
        source = self.dice.choice(_SOURCES)
        self._add(
            "task.assigned.v1", self._task_tags("enterprise", "officer"),
            {
                "task_id": self.task, "source": source, "enterprise_id": self.enterprise.id,
                "officers": list(self.pair), "unannounced": True,
                "scheme": {
                    "content": f"检查{self.enterprise.name}（{self.enterprise.trade}）：证照、设备、现场、教育培训。",
                    "approver": self.head, "approved_at": self.at,
                },
                **_GROUNDS[source],
            },
            by=(self.head,), minutes=0,
        )  # fmt: skip

    def _arrive(self) -> bool:
        outcome = self.dice.choices(("entered", "closed", "refused"), (90, 6, 4))[0]
        self._step(HOUR, 30 * HOUR)
        self._add(
            "site.entered.v1", self._task_tags("enterprise"),
            {
                "task_id": self.task, "officers_present": list(self.pair), "arrival": self.at,
                "place": self.enterprise.address, "person_met": "安全管理员", "outcome": outcome,
            },
            private={"person_met_name": self._person()}, minutes=0,
        )  # fmt: skip
        if outcome != "entered":
            return False
        self._add(
            "credentials.shown.v1", self._task_tags("enterprise"),
            {
                "task_id": self.task, "certificates": [f"示例{each[-4:]}号" for each in self.pair],
                "rights_told": list(_RIGHTS), "recusal_asked": False, "acknowledged_by": "安全管理员",
            },
            minutes=4,
        )  # fmt: skip
        return True

    def _inspect(self, hazards: list[tuple[bytes, _Hazard]]) -> None:
        film = self._file("video/mp4", "入场")
        self._add(
            "recording.captured.v1", self._task_tags(),
            {
                "segment_id": self._id(), "step_code": "A7", "start": self.at, "end": self.at + 12 * MINUTE,
                "sha256": film.sha256, "size": len(film.content), "media_type": film.media_type,
            },
            minutes=12, files=(film,),
        )  # fmt: skip
        for hazard, what in hazards:
            photo = self._file("image/jpeg", what.location)
            evidence = self._id()
            self._add(
                "evidence.captured.v1", (*self._task_tags(), f"evidence:{text(evidence)}"),
                {
                    "kind": "photo", "description": f"{what.location}：{what.description}", "evidence_id": evidence,
                    "sha256": photo.sha256, "original": True, "step_code": "A8",
                },
                minutes=9, files=(photo,),
            )  # fmt: skip
            self._add(
                "hazard.found.v1", self._task_tags("enterprise", hazards=[hazard]),
                {
                    "hazard_id": hazard, "grade": "major" if what.major else "general",
                    "description": what.description, "location": what.location, "clause": what.clause,
                    "evidence_ids": [evidence], "origin": "inspection",
                },
                minutes=3,
            )  # fmt: skip
        body: dict[str, Any] = {
            "task_id": self.task, "document_no": self._number("检记"), "time": self.at,
            "place": self.enterprise.address,
            "content": "查阅安全生产责任制、教育培训和隐患排查台账，检查生产现场、仓库和配电设施。",
            "handling": ["责令限期整改" if hazards else "现场未发现问题，予以记录"],
        }  # fmt: skip
        if hazards:
            body["problems"] = [{"text": what.description, "hazard_id": hazard} for hazard, what in hazards]
        private: dict[str, object] = {}
        if self.dice.random() < 0.08:
            body["refused"] = {"reason": "负责人认为整改期限过短，拒绝签字", "witness": "园区管理人员"}
            body["reported_to_agency"] = self.at + 30 * MINUTE
        else:
            body["signer"] = "主要负责人"
            private = {"signer_name": self._person()}
        self._add("inspection_record.signed.v1", self._task_tags("enterprise"), body, minutes=35, private=private)

    def _order(self, hazards: list[tuple[bytes, _Hazard]]) -> None:
        ids = [hazard for hazard, _ in hazards]
        number = self._number("责改")
        self._add(
            "rectification.ordered.v1", self._task_tags("enterprise", hazards=ids),
            {
                "document_no": number, "hazard_ids": ids, "ordered_on": self._date(),
                "deadline": self._date(self.dice.choice((7, 10, 15))), "remedies_told": True,
            },
            minutes=15,
        )  # fmt: skip
        self._add(
            "document.served.v1", self._task_tags(),
            {
                "document_no": number, "method": "direct", "served_on": self._date(), "recipient": "主要负责人",
                "place": self.enterprise.address,
            },
            minutes=5, private={"recipient_name": self._person()},
        )  # fmt: skip
        self._step(3 * DAY, 9 * DAY)
        self._add(
            "rectification.reported.v1", self._task_tags("enterprise", hazards=ids),
            {"hazard_ids": ids, "content": "已逐项整改，附整改前后照片和责任人签字。"}, minutes=0,
        )  # fmt: skip

    def _reinspect(self, hazards: list[tuple[bytes, _Hazard]]) -> bool:
        self._step(DAY, 4 * DAY)
        ids = [hazard for hazard, _ in hazards]
        results: list[dict[str, Any]] = []
        for hazard in ids:
            outcome = self.dice.choices(("corrected", "partly_corrected", "not_corrected"), (85, 10, 5))[0]
            opinion = {
                "corrected": "已整改，符合要求",
                "partly_corrected": "部分整改，继续整改",
                "not_corrected": "未整改",
            }
            results.append({"hazard_id": hazard, "outcome": outcome, "opinion": opinion[outcome]})
        self._add(
            "reinspection.concluded.v1", self._task_tags("enterprise", hazards=ids),
            {
                "document_no": self._number("复查"), "results": results, "officers": list(self.pair),
                "reinspected_on": self._date(),
            },
            minutes=50,
        )  # fmt: skip
        for result in results:
            if result["outcome"] == "corrected":
                self._add(
                    "hazard.closed.v1", self._task_tags("enterprise", hazards=[result["hazard_id"]]),
                    {"hazard_id": result["hazard_id"], "verifier": self.pair[0]}, minutes=2,
                )  # fmt: skip
        return all(result["outcome"] == "corrected" for result in results)

    def _penalise(self, hazard: _Hazard) -> None:
        fine = self.dice.choice((2_000_000, 3_000_000, 4_900_000))  # fen
        lines = [{"kind": "P01"}, {"kind": "P03", "amount_fen": fine}]
        decision = self._number("罚")
        draft = sha256(f"{decision}{fine}".encode()).digest()
        self._step(DAY, 3 * DAY)
        self._add(
            "case.filed.v1", (*self._case_tags(), f"enterprise:{self.enterprise.id}"),
            {
                "case_id": self.case, "document_no": self._number("立"), "source": "inspection",
                "cause": f"涉嫌{hazard.description}", "filed_on": self._date(), "found_on": self._date(-3),
                "party": {"type": "organisation", "id": self.enterprise.id, "name": self.enterprise.name},
                "suspected_clauses": [hazard.clause], "handlers": list(self.pair), "approver": self.head,
            },
            by=(self.head,), minutes=0,
        )  # fmt: skip
        self._step(5 * DAY, 12 * DAY)
        self._add(
            "investigation.concluded.v1", self._case_tags(),
            {
                "case_id": self.case, "facts_hash": sha256(hazard.description.encode()).digest(),
                "proposal": "penalise", "proposal_text": f"建议警告，并处罚款 {fine // 100} 元。",
                "handlers": list(self.pair),
            },
            minutes=0,
        )  # fmt: skip
        self._step(DAY, 2 * DAY)
        self._add(
            "legal_review.concluded.v1", self._case_tags(),
            {
                "review_id": self._id(), "case_id": self.case, "reviewer": self.reviewer, "unit": "法制审核科",
                "draft_hash": draft, "outcome": "passed", "opinion": "事实清楚，证据充分，程序合法。",
                "concluded_at": self.at,
            },
            by=(self.reviewer,), minutes=0,
        )  # fmt: skip
        self._step(DAY, 2 * DAY)
        self._add(
            "penalty_notice.served.v1", self._case_tags(),
            {
                "case_id": self.case, "document_no": self._number("罚告"), "kind": "penalty", "intended": lines,
                "bases": [hazard.clause], "served_on": self._date(), "method": "direct",
            },
            minutes=0,
        )  # fmt: skip
        self._step(DAY, 4 * DAY)
        self._add(
            "defence.recorded.v1", self._case_tags(),
            {
                "case_id": self.case, "waived": True, "recorded_on": self._date(),
                "waived_document": sha256(f"{decision}放弃声明".encode()).digest(),
            },
            minutes=0,
        )  # fmt: skip
        self._step(5 * DAY, 8 * DAY)
        self._add(
            "penalty.decided.v1", (*self._case_tags(), f"enterprise:{self.enterprise.id}"),
            {
                "case_id": self.case, "document_no": decision, "decided_on": self._date(), "penalties": lines,
                "facts": f"{self.enterprise.name}{hazard.location}：{hazard.description}。", "bases": [hazard.clause],
                "draft_hash": draft, "benchmark": {"id": "WSL-102", "version": "wsl-2021", "tier": "法定幅度"},
                "remedies_text": "可自收到本决定书之日起六十日内申请行政复议，或者六个月内提起行政诉讼。",
            },
            by=(self.head,), minutes=0,
        )  # fmt: skip
        self._add(
            "document.served.v1", self._case_tags(),
            {"document_no": decision, "method": "direct", "served_on": self._date(), "recipient": "主要负责人"},
            minutes=90, private={"recipient_name": self._person()},
        )  # fmt: skip
        self._step(3 * DAY, 14 * DAY)
        self._add(
            "fine_payment.recorded.v1", self._case_tags(),
            {
                "case_id": self.case, "document_no": decision, "amount_fen": fine, "paid_on": self._date(),
                "channel": "bank",
            },
            minutes=0,
        )  # fmt: skip
        self._step(DAY, 3 * DAY)
        self._add(
            "case.closed.v1", self._case_tags(),
            {
                "case_id": self.case, "ground": "executed", "all_fulfilled": True, "closed_on": self._date(),
                "approver": self.head,
            },
            by=(self.head,), minutes=0,
        )  # fmt: skip

    # -- words and numbers --

    def _add(
        self, kind: str, about: tuple[str, ...], body: Mapping[str, Any], *, minutes: int,
        by: tuple[str, ...] | None = None, private: Mapping[str, object] | None = None,
        files: tuple[Enclosure, ...] = (),
    ) -> None:  # fmt: skip
        self.at += minutes * MINUTE + self.dice.randrange(1_000, MINUTE)
        self.events.append(
            StoryEvent(kind, tuple(sorted({*about})), body, by or self.pair, self.at, private or {}, files)
        )

    def _step(self, least: int, most: int) -> None:
        self.at += self.dice.randrange(least, most)

    def _task_tags(self, *kinds: str, hazards: list[bytes] | None = None) -> tuple[str, ...]:
        more: dict[str, Callable[[], list[str]]] = {
            "enterprise": lambda: [f"enterprise:{self.enterprise.id}"],
            "officer": lambda: [f"officer:{each}" for each in self.pair],
        }
        tags = [f"authority:{self.authority}", f"task:{text(self.task)}"]
        for kind in kinds:
            tags += more[kind]()
        return (*tags, *(f"hazard:{text(each)}" for each in hazards or ()))

    def _case_tags(self) -> tuple[str, ...]:
        return (f"authority:{self.authority}", f"case:{text(self.case)}", f"task:{text(self.task)}")

    def _id(self) -> bytes:
        raw = bytearray(max(0, self.at).to_bytes(6, "big") + self.dice.randbytes(10))
        raw[6], raw[8] = 0x70 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F
        return bytes(raw)

    def _person(self) -> str:
        return self.dice.choice(_SURNAMES) + "某某"

    def _number(self, kind: str) -> str:
        year = china(self.at).year
        return f"（示例）应急{kind}〔{year}〕{self.number}-{len(self.events) + 1} 号"

    def _date(self, days: int = 0) -> str:
        return china(self.at + days * DAY).date().isoformat()

    def _file(self, media_type: str, what: str) -> Enclosure:
        suffix = {"video/mp4": "mp4", "image/jpeg": "jpg"}[media_type]
        content = f"{what}\n".encode() + self.dice.randbytes(200)
        return Enclosure(f"{what}.{suffix}", media_type, content)
