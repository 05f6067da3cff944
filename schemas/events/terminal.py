"""Terminals: enrolled, revoked, held, released, un-forked by the office; in the field the clock checked, a record given
up for lost (E06, E07, E49).

The bodies of the five office types are fixed by the wire protocol (section 4), because a verifier derives from them
which keys sign and which branch goes on. The invariant: one terminal id has one event key for its whole life.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import MAX_UINT, Count, Digest, Id, Instant, Key, Line, Milliseconds, Ref, TypeName, says

_INFO_DEPTH: Final = 2
"""Containers around `info` wherever it stands: the envelope or entry, and its body."""

_MAX_DEPTH: Final = 16


class TerminalEnrolled(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A terminal got its id for its keys. Stands in the log before the terminal's first entry (section 6)."""

    SPEC: ClassVar = Spec(
        name="terminal.enrolled.v1",
        family="E06",
        origin="office",
        step="A0",
        zh="终端登记",
        en="Terminal enrolled",
        about_zh="执法终端凭登记码登记，取得终端编号。",
        about_en="An enforcement terminal was enrolled with a code and got its id.",
        tags=("terminal",),
    )

    authority: Annotated[Ref, says("所属执法机关代码", "authority to which the terminal belongs for its whole life")]
    event_key: Annotated[Key, says("事件签名公钥", "Ed25519 public key that signs batches")]
    genesis: Annotated[Digest, says("创世哈希", "`prev` of the terminal's first envelope")]
    info: Annotated[dict[str, Any], says("设备自述", "what the device says of itself: model, app version, holder")]
    replaces: Annotated[Id | UnsetType, says("被替换的终端", "terminal that this one replaces; it stays open")] = UNSET
    request_key: Annotated[Key, says("请求签名公钥", "Ed25519 public key that signs requests")]
    terminal: Annotated[Id, says("终端编号", "id of the terminal")]

    def __post_init__(self) -> None:
        """Refuse what canonical form forbids inside `info`, whose keys are free."""
        _check_plain(self.info, _INFO_DEPTH)


class TerminalRevoked(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A terminal was revoked; its envelopes up to `declared` and 2,000 more are still recorded, with note `held`."""

    SPEC: ClassVar = Spec(
        name="terminal.revoked.v1",
        family="E06",
        origin="office",
        step="A0",
        zh="终端注销",
        en="Terminal revoked",
        about_zh="终端被注销；此前已申报的记录仍可补传。",
        about_en="A terminal was revoked; what it had declared by then can still be handed in.",
        tags=("terminal",),
    )

    declared: Annotated[Count, says("注销时已申报的序号", "newest seq that the terminal had declared")]
    reason: Annotated[Line, says("注销原因", "why, in the words of the office")]
    terminal: Annotated[Id, says("终端编号", "id of the terminal")]


class TerminalReleased(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A held terminal was released: its envelopes from now on no longer carry the note `held`."""

    SPEC: ClassVar = Spec(
        name="terminal.released.v1",
        family="E06",
        origin="office",
        step="A0",
        zh="终端解除冻结",
        en="Terminal released",
        about_zh="对被冻结的终端解除冻结。",
        about_en="A terminal that was held because of a fork, a hole or a revocation was released.",
        tags=("terminal",),
    )

    reason: Annotated[Line, says("解除原因", "why, in the words of the office")]
    terminal: Annotated[Id, says("终端编号", "id of the terminal")]


class TerminalHeld(Body, frozen=True, kw_only=True, omit_defaults=True):
    """An officer held a terminal: its envelopes are recorded with the note `held` until it is released."""

    SPEC: ClassVar = Spec(
        name="terminal.held.v1",
        family="E06",
        origin="office",
        step="A0",
        zh="终端冻结",
        en="Terminal held",
        about_zh="对存疑的终端予以冻结，此后上传的记录均标注“待核”。",
        about_en="A terminal was held: what it hands in from now on is noted until an officer releases it.",
        tags=("terminal",),
    )

    reason: Annotated[Line, says("冻结原因", "why, in the words of the office")]
    terminal: Annotated[Id, says("终端编号", "id of the terminal")]


class TerminalForkResolved(Body, frozen=True, kw_only=True, omit_defaults=True):
    """An officer named the branch on which a forked terminal goes on."""

    SPEC: ClassVar = Spec(
        name="terminal.fork_resolved.v1",
        family="E06",
        origin="office",
        step="A0",
        zh="终端分叉处理",
        en="Terminal fork resolved",
        about_zh="执法人员确定分叉终端以哪一分支继续。",
        about_en="An officer named the branch of a forked terminal that continues.",
        tags=("terminal",),
    )

    branch: Annotated[
        Any,  # bin32 or one word: a union that the decoder cannot tell apart by itself, see __post_init__
        says("继续的分支", 'id of the branch that goes on, or "stored" for the chain stored first'),
        Meta(
            extra_json_schema={
                "oneOf": [{"const": "stored"}, {"pattern": "^[0-9a-f]{64}$", "type": "string", "x-msgpack": "bin32"}]
            }
        ),
    ]
    terminal: Annotated[Id, says("终端编号", "id of the terminal")]

    def __post_init__(self) -> None:
        """Accept a branch id of 32 bytes or the word "stored"."""
        if self.branch != "stored" and not (isinstance(self.branch, bytes) and len(self.branch) == 32):
            raise ValueError('expected `branch` to be 32 bytes or "stored"')


class TerminalClockChecked(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The device was checked before use (handbook 4.3): date and time, battery, storage. Feeds INV-35."""

    SPEC: ClassVar = Spec(
        name="terminal.clock_checked.v1",
        family="E07",
        origin="field",
        step="A0",
        zh="终端对时",
        en="Terminal clock checked",
        about_zh="使用前检查终端的日期时间、电量和存储空间。",
        about_en="Date and time, battery and storage of the terminal were checked before use.",
        tags=("terminal",),
    )

    offset_ms: Annotated[Milliseconds, says("时钟偏差（毫秒）", "server time minus terminal time, ms", "INV-35")]
    method: Annotated[
        Literal["server", "ntp", "gnss", "manual"], says("对时方式", "where the reference time came from")
    ]
    checked_at: Annotated[Instant | UnsetType, says("对时时刻", "instant of the check, ms")] = UNSET
    battery_percent: Annotated[
        Annotated[int, Meta(ge=0, le=100)] | UnsetType, says("剩余电量（%）", "battery left, percent")
    ] = UNSET
    free_storage: Annotated[Count | UnsetType, says("剩余存储（字节）", "free storage, bytes")] = UNSET


class TerminalFaultReported(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A device failed, so that something could not be recorded; to be reported within a day (handbook 7, SIG-17)."""

    SPEC: ClassVar = Spec(
        name="terminal.fault_reported.v1",
        family="E07",
        origin="both",
        step="A0",
        zh="终端故障报告",
        en="Terminal fault reported",
        about_zh="报告终端或记录设备故障及其影响的时段。",
        about_en="A fault of a terminal or a recorder was reported, with the time that it affected.",
        tags=("terminal", "task", "case"),
    )

    terminal: Annotated[Id | UnsetType, says("终端编号", "terminal that failed; absent: the one that reports")] = UNSET
    fault: Annotated[
        Literal["storage_full", "camera", "microphone", "battery", "positioning", "network", "clock", "lost", "other"],
        says("故障种类", "what failed", "SIG-12, SIG-17"),
    ]
    from_at: Annotated[Instant, says("故障开始时刻", "instant from which it failed, ms", "SIG-12, SIG-17")]
    until_at: Annotated[Instant | UnsetType, says("故障结束时刻", "instant at which it worked again, ms")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task that was affected", "SIG-17")] = UNSET
    case_id: Annotated[Id | UnsetType, says("案件编号", "case that was affected", "SIG-17")] = UNSET
    description: Annotated[Line, says("故障说明", "what happened and what could not be recorded")]
    witness: Annotated[Ref | UnsetType, says("见证人身份", "role of the witness who stands in for the recording")] = (
        UNSET
    )


class NoDeviceZoneDeclared(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A place was declared, beforehand, in which devices are banned (gas zones); paper forms are photographed later."""

    SPEC: ClassVar = Spec(
        name="no_device_zone.declared.v1",
        family="E07",
        origin="both",
        step="A0",
        zh="禁用设备区域声明",
        en="No-device zone declared",
        about_zh="事先声明检查将进入禁止使用电子设备的区域。",
        about_en="It was declared beforehand that an inspection enters a zone in which devices are banned.",
        tags=("task", "enterprise"),
    )

    task_id: Annotated[Id | UnsetType, says("任务编号", "task that goes there", "SIG-12")] = UNSET
    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag", "SIG-12")]
    zone: Annotated[Line, says("区域", "place in words")]
    from_at: Annotated[Instant, says("开始时刻", "instant from which devices are off, ms", "SIG-12, SIG-17")]
    until_at: Annotated[Instant, says("结束时刻", "instant until which devices are off, ms", "SIG-12, SIG-17")]
    reason: Annotated[Line, says("禁用原因", "why devices are banned there")]
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of who approved")] = UNSET
    form_hashes: Annotated[
        tuple[Digest, ...], Meta(min_length=1, max_length=16), says("纸质记录照片", "SHA-256 of photos of paper forms")
    ] = ()


class TerminalRecordLost(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A record could not be handed in, because it is larger than the server takes, and its place was declared lost.

    The batch that carries this one declares the hole (wire protocol, section 3); here stands which record it was. The
    original stays on the terminal, and `hash` recognises it. `about` names what the lost record was about.
    """

    SPEC: ClassVar = Spec(
        name="terminal.record_lost.v1",
        family="E49",
        origin="field",
        step="A0",
        zh="申报记录遗失",
        en="Record declared lost",
        about_zh="终端申报某条记录因超过大小上限而无法上传；原件留存于终端。",
        about_en="A terminal declared that a record is too large to be handed in; the original stays on the terminal.",
        tags=("terminal",),
    )

    hash: Annotated[Digest, says("该记录的哈希", "SHA-256 of the envelope that was lost")]
    limit: Annotated[Count, says("大小上限（字节）", "most bytes that an envelope may have")]
    seq: Annotated[Annotated[int, Meta(ge=1, le=MAX_UINT)], says("该记录的序号", "seq of the envelope that was lost")]
    size: Annotated[Count, says("该记录的大小（字节）", "bytes of the envelope that was lost")]
    type: Annotated[TypeName, says("该记录的事件类型", "event type of the envelope that was lost")]


def _check_plain(value: object, depth: int) -> None:
    """Raise ValueError unless `value`, inside `depth` containers, is made of what canonical form allows."""
    if isinstance(value, dict | list):
        if depth > _MAX_DEPTH or (depth == _MAX_DEPTH and value):
            raise ValueError("expected at most 16 containers around a value")
        if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
            raise ValueError("expected strings as keys")
        for item in value.values() if isinstance(value, dict) else value:
            _check_plain(item, depth + 1)
    elif not isinstance(value, str | int | bytes):
        raise ValueError("expected strings, integers, binaries, booleans, arrays and maps only")


TYPES: Final[tuple[type[Body], ...]] = (
    TerminalEnrolled,
    TerminalRevoked,
    TerminalHeld,
    TerminalReleased,
    TerminalForkResolved,
    TerminalClockChecked,
    TerminalRecordLost,
    TerminalFaultReported,
    NoDeviceZoneDeclared,
)
"""The types of this module, in the order of the process."""
