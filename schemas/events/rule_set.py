"""Rules as they were published: limits, thresholds, catalogues, lists, benchmarks and calendars (E05).

What the law or an authority changes is an act with a date, not a change of the program. The invariant: an entry holds
from its own `since` to its own `until`, whatever day it was entered on; `known_on` says when it was published.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import MAX_UINT, Digest, LegalDate, Line, Ref, says

RuleKey = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[a-z0-9_]+(\.[A-Za-z0-9_-]+)*$(?!\n)")]
"""Dotted name of a rule, e.g. "hearing.request_days"."""

RuleNumber = Annotated[int, Meta(ge=-MAX_UINT, le=MAX_UINT)]
RuleText = Annotated[str, Meta(max_length=500, extra_json_schema={"pattern": r"^[^\u0000]*$"})]


class RuleEntry(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One rule: a key, its value, and the days on which it holds."""

    key: Annotated[RuleKey, says("规则名称", "dotted name of the rule")]
    value: Annotated[RuleNumber | RuleText, says("取值", "a number or a text, as the key asks for")]
    since: Annotated[LegalDate, says("起始日期", "first day on which it holds")]
    until: Annotated[LegalDate | UnsetType, says("截止日期", "last day on which it holds; open if absent")] = UNSET
    source: Annotated[Line, says("依据", "law, regulation or document, with its article")]


class RuleSetPublished(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A version of a rule set was published: what is judged from then on is judged by it, for the days it names."""

    SPEC: ClassVar = Spec(
        name="rule_set.published.v1",
        family="E05",
        origin="office",
        step="R3",
        zh="清单、基准与目录发布",
        en="Rule set published",
        about_zh="发布清单、基准、目录、期限或工作日历的一个版本。",
        about_en="A version of limits, a catalogue, a list, a benchmark or a calendar was published.",
    )

    ruleset_id: Annotated[Ref, says("清单或基准编号", "id of the rule set")]
    kind: Annotated[
        Literal[
            "limits",
            "calendar",
            "benchmark",
            "review_catalogue",
            "hearing_list",
            "discussion_list",
            "recording",
            "power_list",
            "duty_list",
            "tokens",
            "publication",
            "hazard_catalogue",
            "checklist",
            "inspection_cap",
        ],
        says("类别", "what kind of rules it holds"),
    ]
    version: Annotated[Ref, says("版本", "version, named by verdicts", "INV-17, INV-21")]
    authority: Annotated[
        Ref | UnsetType, says("适用机关", "authority to which it applies, and those below it; absent: its own log's")
    ] = UNSET
    effective_from: Annotated[LegalDate, says("施行日期", "first day on which it holds", "PPL 37")]
    effective_to: Annotated[LegalDate | UnsetType, says("失效日期", "last day on which it holds", "PPL 37")] = UNSET
    content_hash: Annotated[Digest, says("内容摘要", "SHA-256 of the published document")]
    source_document: Annotated[Line, says("依据文件", "document that was published, with its number")]
    entries: Annotated[
        tuple[RuleEntry, ...], Meta(min_length=1, max_length=300), says("规则条目", "the rules, each with its days")
    ] = ()
    year: Annotated[
        Annotated[int, Meta(ge=2000, le=2199)] | UnsetType, says("日历年份", "year, if it is a calendar")
    ] = UNSET
    off: Annotated[
        tuple[LegalDate, ...],
        Meta(min_length=1, max_length=366),
        says("放假日期", "holidays that are working weekdays"),
    ] = ()
    worked: Annotated[
        tuple[LegalDate, ...], Meta(min_length=1, max_length=104), says("调休上班日期", "week-ends that are worked")
    ] = ()
    known_on: Annotated[
        LegalDate | UnsetType, says("公布日期", "date of publication; deadlines before it were provisional", "INV-39")
    ] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (RuleSetPublished,)
"""The types of this module, in the order of the process."""
