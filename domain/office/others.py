"""What the office may do with a hazard, an inspection, an officer's certificate and a signal.

The same shape as the acts on a case (domain.office.case): the command becomes a fact or is refused in both languages;
gates are asked afterwards. The invariant: who closes, resolves or certifies is who asks, never a field of the command.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

from msgspec import UNSET, UnsetType

from domain.judges import JUDGES
from domain.judges.hazard_facts import Hazard
from domain.matter import Matter, Signal
from domain.office import commands as ask
from domain.office.case import Actor, Proposal, id_of, or_unset
from domain.office.refusals import changed, not_yours, refused, wrong
from domain.settling import signal_id
from domain.workdays import day_of
from schemas.envelope import ABOUT_KINDS
from schemas.events.certificate import CertificateRecorded, CertificateStatusChanged, ReviewerQualification
from schemas.events.hazard import HazardClosed
from schemas.events.major_hazard import MajorHazardDelisted
from schemas.events.on_site import SiteEntered
from schemas.events.signals import SignalDisputed, SignalResolved
from schemas.events.task import TaskAssigned, TaskCancelled, TaskConcluded

OtherCommand: TypeAlias = (
    ask.CloseHazard
    | ask.DelistHazard
    | ask.ConcludeTask
    | ask.CancelTask
    | ask.RecordCertificate
    | ask.ChangeCertificate
    | ask.DisputeSignal
    | ask.ResolveSignal
)


def decide(matter: Matter, command: OtherCommand, actor: Actor, now: int) -> Proposal:
    """The fact that a command becomes. `matter` may be without facts only for a first certificate. Raises Problem."""
    match command:
        case ask.CloseHazard() | ask.DelistHazard():
            return _hazard(matter, command, actor, now)
        case ask.ConcludeTask():
            return _task(matter, command, now)
        case ask.CancelTask():
            return _cancelled(matter, command, actor)
        case ask.RecordCertificate() | ask.ChangeCertificate():
            return _certificate(matter, command)
        case ask.DisputeSignal() | ask.ResolveSignal():
            return _signal(matter, command, actor)
        case _:
            assert_never(command)


def _hazard(matter: Matter, command: ask.CloseHazard | ask.DelistHazard, actor: Actor, now: int) -> Proposal:
    name = id_of(matter.key, "hazard")
    hazard = Hazard(matter, name)
    if hazard.found is None:
        raise refused("not_found", "没有发现这项隐患的记录。", "no record says that this hazard was found")
    enterprise = or_unset(hazard.enterprise)
    about = _about(matter, "" if enterprise is UNSET else f"enterprise:{enterprise}")
    if isinstance(command, ask.CloseHazard):
        if hazard.closings:
            fact, body = hazard.closings[-1]
            raise changed(
                f"隐患已由 {body.verifier} 销号。", f"closed already by {body.verifier}", by=body.verifier,
                at=fact.received,
            )  # fmt: skip
        look = hazard.last_passed(now)
        return Proposal(
            HazardClosed(
                hazard_id=name, basis_event=UNSET if look is None else look.fact.id, verifier=actor.name,
                approver=or_unset(command.approver), enterprise_id=enterprise, closed_on=day_of(now),
            ),
            about,
        )  # fmt: skip
    if not hazard.listings:
        raise changed("这项隐患没有挂牌督办。", "this hazard is not listed")
    if hazard.delistings and hazard.delistings[-1][0].occurred >= hazard.listings[-1][0].occurred:
        raise changed("已摘牌。", "it was delisted already")
    look = hazard.last_passed(now)
    return Proposal(
        MajorHazardDelisted(
            hazard_id=name, enterprise_id=enterprise, level=command.level,
            basis_event=UNSET if look is None else look.fact.id, document_no=or_unset(command.document_no),
            delisted_on=day_of(now), delist_approver=actor.name, remark=or_unset(command.remark),
        ),
        about,
    )  # fmt: skip


def _task(matter: Matter, command: ask.ConcludeTask, now: int) -> Proposal:
    assigned = matter.first(TaskAssigned)
    if assigned is None:
        raise refused("not_found", "没有下达这项检查任务的记录。", "no record says that this inspection was assigned")
    done = matter.first(TaskConcluded)
    if done is not None:
        raise changed("检查任务已办结。", "the inspection was concluded already")
    if (command.outcome == "no_entry") != (command.no_entry_reason is not None):
        raise wrong("no_entry_reason", "未能入场的应当写明原因。", "a reason is due exactly where nobody could enter")
    body = TaskConcluded(
        task_id=id_of(matter.key, "task"), outcome=command.outcome, concluded_on=day_of(now),
        no_entry_reason=or_unset(command.no_entry_reason),
    )  # fmt: skip
    plan = "" if assigned[1].plan_id is UNSET else f"plan:{assigned[0].about and _tag(assigned[0].about, 'plan')}"
    return Proposal(body, _about(matter, plan if plan.partition(":")[2] else ""))


def _cancelled(matter: Matter, command: ask.CancelTask, actor: Actor) -> Proposal:
    assigned = matter.first(TaskAssigned)
    if assigned is None:
        raise refused("not_found", "没有下达这项检查任务的记录。", "no record says that this inspection was assigned")
    if matter.first(TaskCancelled) is not None:
        raise changed("检查任务已撤销。", "the inspection was cancelled already")
    if matter.first(TaskConcluded) is not None:
        raise changed("检查任务已办结，不能撤销。", "the inspection was concluded: it cannot be cancelled")
    if matter.first(SiteEntered) is not None:
        raise changed("检查人员已进入现场，不能撤销；请办结。", "the site was entered: conclude the inspection instead")
    item = assigned[1].plan_item_id
    plan = _tag(assigned[0].about, "plan")
    body = TaskCancelled(
        task_id=id_of(matter.key, "task"), plan_item_id=item, reason=command.reason, approver=actor.name
    )
    return Proposal(body, _about(matter, f"plan:{plan}" if plan else "", f"enterprise:{assigned[1].enterprise_id}"))


def _certificate(matter: Matter, command: ask.RecordCertificate | ask.ChangeCertificate) -> Proposal:
    known = {body.certificate_no for _, body in matter.of(CertificateRecorded)}
    if isinstance(command, ask.RecordCertificate):
        if command.valid_to < command.valid_from:
            raise wrong("valid_to", "有效期止不能早于有效期起。", "the last day is before the first")
        told = (command.qualification_no, command.qualified_on, command.first_review_on, command.grandfathered)
        qualification: ReviewerQualification | UnsetType = UNSET
        if any(value not in ("", None) for value in told):
            qualification = ReviewerQualification(
                number=or_unset(command.qualification_no), obtained_on=or_unset(command.qualified_on),
                first_review_on=or_unset(command.first_review_on), grandfathered=or_unset(command.grandfathered),
            )  # fmt: skip
        if command.replaces and command.replaces not in known:
            raise wrong("replaces", "没有登记被换发的证件。", "the certificate that it replaces is not registered")
        recorded = CertificateRecorded(
            officer_id=matter.key, certificate_no=command.certificate_no, issuer=command.issuer,
            unit=or_unset(command.unit), unit_role=or_unset(command.unit_role), categories=command.categories,
            valid_from=command.valid_from, valid_to=command.valid_to, replaces=or_unset(command.replaces),
            reviewer_qualification=qualification,
        )  # fmt: skip
        return Proposal(recorded, _about(matter))
    if command.certificate_no not in known:
        raise refused(
            "not_found", "没有登记这个证号的执法证。", "no certificate of this number is registered for the officer"
        )
    if command.until is not None and (command.status != "suspended" or command.until < command.effective_on):
        raise wrong(
            "until", "仅暂扣可以有截止日期，且不早于生效日期。", "only a suspension ends on a day, not before it begins"
        )
    body = CertificateStatusChanged(
        officer_id=matter.key, certificate_no=command.certificate_no, status=command.status,
        effective_on=command.effective_on, until=or_unset(command.until), reason=command.reason,
        decided_by=or_unset(command.decided_by),
    )  # fmt: skip
    return Proposal(body, _about(matter))


def _signal(matter: Matter, command: ask.DisputeSignal | ask.ResolveSignal, actor: Actor) -> Proposal:
    signal = find_signal(matter, command.signal)
    settled = [body for _, body in matter.of(SignalResolved) if body.signal_id == command.signal]
    if settled:
        by = settled[-1].resolver
        raise changed(f"预警已由 {by} 核销。", f"resolved already by {by}", by=by)
    about = _about(matter)
    name = f"{matter.kind}:{matter.key}"
    if isinstance(command, ask.DisputeSignal):
        if actor.name not in signal.officers and not actor.roles & {"unit_head", "bureau_head"}:
            raise not_yours(
                "异议由预警涉及的人员或其负责人提出。", "the officers of the matter, or their heads, dispute a signal"
            )
        disputed = SignalDisputed(
            signal_id=command.signal, rule=signal.rule, matter=name, officer=actor.name, grounds=command.grounds,
            evidence_ids=tuple(id_of(one, "evidence") for one in command.evidence),
        )  # fmt: skip
        return Proposal(disputed, about)
    if actor.name in signal.officers:
        raise not_yours("预警涉及的人员不能核销预警。", "an officer of the matter does not resolve its signal")
    correction = UNSET if command.correction is None else id_of(command.correction, "correction")
    if command.resolution == "corrected" and correction is UNSET:
        raise wrong("correction", "结论为已更正的，写明更正事件。", "name the correction, if it was corrected")
    body = SignalResolved(
        signal_id=command.signal, rule=signal.rule, matter=name, resolution=command.resolution, resolver=actor.name,
        reason=command.reason, correction_event=correction,
    )  # fmt: skip
    return Proposal(body, about)


def find_signal(matter: Matter, name: str) -> Signal:
    """The signal of that name among those of a matter. Raises Problem not_found."""
    for one in JUDGES[matter.kind].judge(matter).signals:
        if signal_id(one.rule, matter.kind, matter.key, one.about) == name:
            return one
    raise refused("not_found", "没有这个预警。", "the matter has no such signal")


def _about(matter: Matter, *more: str) -> tuple[str, ...]:
    own = f"{matter.kind}:{matter.key}"
    tags = {f"authority:{matter.authority}", *(tag for tag in more if tag)}
    if matter.kind in ABOUT_KINDS and len(own.encode()) <= 128:
        tags.add(own)
    return tuple(sorted(tags))


def _tag(about: tuple[str, ...], kind: str) -> str:
    return next((tag.partition(":")[2] for tag in about if tag.startswith(f"{kind}:")), "")
