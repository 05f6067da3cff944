"""Enforcement certificates (执法证): recorded and changed in status (E01, E02).

The invariant: whether a certificate held on a day is computed from these acts and their own dates, so that a renewal
which is entered late changes the answer for the past and both answers stay visible (INV-02, SIG-07).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import CertificateNo, LegalDate, Line, Private, Ref, says


class ReviewerQualification(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What entitles a person to review penalty decisions (handbook 3.2)."""

    number: Annotated[Ref | UnsetType, says("法律职业资格证号", "number of the legal-profession certificate")] = UNSET
    obtained_on: Annotated[LegalDate | UnsetType, says("取得日期", "date of that certificate", "PPL 58")] = UNSET
    first_review_on: Annotated[
        LegalDate | UnsetType, says("首次审核日期", "date of the first review ever done", "INV-18")
    ] = UNSET
    grandfathered: Annotated[
        bool | UnsetType, says("是否规定前已从事审核", "true if in post before the rule", "INV-18")
    ] = UNSET


class CertificateRecorded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An enforcement certificate was issued, renewed or entered. Without one nobody may enforce."""

    SPEC: ClassVar = Spec(
        name="officer_certificate.recorded.v1",
        family="E01",
        origin="office",
        step="R1",
        zh="执法证登记",
        en="Officer certificate recorded",
        about_zh="登记执法人员的行政执法证及其类别和有效期。",
        about_en="The enforcement certificate of an officer was registered, with its categories and validity.",
        tags=("officer",),
    )

    officer_id: Annotated[Ref, says("执法人员编号", "officer who holds it", "INV-02")]
    certificate_no: Annotated[CertificateNo, says("执法证号", "number of the certificate, opaque", "INV-02")]
    issuer: Annotated[Ref, says("发证机关", "government that issued it", "PPL 42")]
    name: Annotated[Private | UnsetType, says("姓名", "commitment to the name of the officer")] = UNSET
    unit: Annotated[Ref | UnsetType, says("所在单位", "unit of the officer")] = UNSET
    unit_role: Annotated[
        Literal["enforcement", "legal", "other"] | UnsetType,
        says("单位职责", "what the unit does; the legal unit reviews", "INV-18"),
    ] = UNSET
    categories: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=32), says("执法类别", "fields in which it is valid", "INV-02")
    ] = ()
    valid_from: Annotated[LegalDate, says("有效期起", "first day of validity", "INV-02")]
    valid_to: Annotated[LegalDate, says("有效期止", "last day of validity", "INV-02")]
    replaces: Annotated[
        CertificateNo | UnsetType, says("被换发的证号", "certificate that this one was exchanged for")
    ] = UNSET
    reviewer_qualification: Annotated[
        ReviewerQualification | UnsetType, says("审核人员资格", "present if the officer reviews decisions", "INV-18")
    ] = UNSET


class CertificateStatusChanged(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A certificate was suspended, revoked, withdrawn, restored or ran out, from a stated day on."""

    SPEC: ClassVar = Spec(
        name="officer_certificate.status_changed.v1",
        family="E02",
        origin="office",
        step="R1",
        zh="执法证状态变更",
        en="Officer certificate status changed",
        about_zh="执法证被暂扣、吊销、收回、到期或恢复。",
        about_en="A certificate was suspended, revoked, withdrawn, expired or made active again.",
        tags=("officer",),
    )

    officer_id: Annotated[Ref, says("执法人员编号", "officer who holds it", "INV-02")]
    certificate_no: Annotated[CertificateNo, says("执法证号", "number of the certificate", "INV-02")]
    status: Annotated[
        Literal["active", "suspended", "revoked", "withdrawn", "expired"],
        says("状态", "state from that day on", "INV-02"),
    ]
    effective_on: Annotated[LegalDate, says("生效日期", "first day of that state", "INV-02")]
    until: Annotated[LegalDate | UnsetType, says("截止日期", "last day of a suspension")] = UNSET
    reason: Annotated[Line, says("原因", "why")]
    decided_by: Annotated[Ref | UnsetType, says("决定机关", "who decided")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (CertificateRecorded, CertificateStatusChanged)
"""The types of this module, in the order of the process."""
