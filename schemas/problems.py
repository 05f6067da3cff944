"""The refusals a client can meet, each with a code that is never reused (wire protocol, section 7).

A refusal is a value within a batch and an exception (`Problem`) for a whole request; `server.web` is the one place
that turns it into HTTP. The texts say what was expected, what came and what to do, in Chinese and English; they never
carry personal data, keys or evidence content.

    Problem
      code      a key of PROBLEMS
      fields    what the code needs besides: expected, limit, seq, now, incident ...
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Retry = Literal["never", "later", "after_fix"]


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One refusal: HTTP status, whether to try again, and its title and standard detail in both languages."""

    code: str
    status: int
    retry: Retry
    title_zh: str
    title_en: str
    detail_zh: str
    detail_en: str

    @property
    def urn(self) -> str:
        """The `type` member of RFC 9457."""
        return f"urn:liuhen:problem:{self.code}"


_ALL = (
    ProblemType("not_canonical", 400, "after_fix", "编码不规范", "Not canonical",
                "内容不是规范的 MessagePack，或缺少、多出、写错了字段。请按协议第 1、3 节重新编码后再上传；记录仍保留在终端上。",
                "The content is not canonical MessagePack or has a missing, unknown or malformed key. Encode it as sections 1 and 3 say and send it again; the records stay on the terminal."),
    ProblemType("bad_encoding", 400, "after_fix", "压缩格式无法识别", "Bad encoding",
                "仅接受不压缩、gzip（单个成员）或 zstd（单帧、窗口不超过 8 MiB），其后不得有多余字节。",
                "Only identity, gzip (one member) or zstd (one frame, window up to 8 MiB) is accepted, with nothing after it."),
    ProblemType("unsupported_version", 400, "after_fix", "协议版本不受支持", "Unsupported version",
                "本服务器只接受协议版本 1、算法套件 1。请升级终端或联系管理员。",
                "This server speaks protocol version 1 and suite 1. Update the terminal or ask the administrator."),
    ProblemType("too_large", 413, "after_fix", "超出大小限制", "Too large",
                "上传内容超出限制。请缩小批次；单个记录过大时，将其申报为遗失并重新记录。",
                "The upload is over a limit. Send smaller batches; declare a single record that is too large as lost and record it anew."),
    ProblemType("unknown_terminal", 404, "after_fix", "终端未登记", "Unknown terminal",
                "没有这个终端的登记记录。请先凭登记码登记终端。",
                "No terminal of this id is enrolled here. Enrol it with an enrolment code first."),
    ProblemType("bad_signature", 401, "after_fix", "签名无效", "Bad signature",
                "签名与登记的密钥或内容不符，什么也没有保存。请检查终端密钥；持续出现时请联系管理员。",
                "The signature does not match the enrolled key or the content; nothing was stored. Check the terminal's keys; ask the administrator if it persists."),
    ProblemType("revoked", 403, "never", "终端已注销", "Terminal revoked",
                "该终端已被注销，其可补传的记录已收完。请交回管理员处理。",
                "This terminal was revoked and what it could still hand in has been received. Return it to the administrator."),
    ProblemType("gap", 409, "after_fix", "记录不连续", "Gap",
                "缺少之前的记录，什么也没有保存。请从 expected 指明的序号开始上传；确已遗失的，请申报遗失。",
                "Earlier records are missing; nothing was stored. Upload from the seq named in `expected`, or declare what no longer exists as lost."),
    ProblemType("quota_exceeded", 429, "later", "超出配额", "Quota exceeded",
                "上传过于频繁或分支过多，请按 Retry-After 稍后再试；记录仍保留在终端上。",
                "Too many uploads or branches. Try again after Retry-After; the records stay on the terminal."),
    ProblemType("clock_skew", 401, "after_fix", "时钟偏差过大", "Clock skew",
                "签名时间与服务器时间相差超过 300 秒。请用 now 给出的时间重新签名（只用于签名）。",
                "The signature's time is more than 300 s from server time. Sign again with the time in `now`, for signing only."),
    ProblemType("bad_cursor", 400, "after_fix", "游标无效", "Bad cursor",
                "游标无法识别，请去掉 after 从头读取。",
                "The cursor was not issued by this server. Leave `after` out and read from the beginning."),
    ProblemType("enrolment_code_invalid", 403, "after_fix", "登记码无效", "Enrolment code invalid",
                "登记码不存在、已使用或已过期（有效期 15 分钟）。请向管理员索取新的登记码。",
                "The enrolment code does not exist, was used, or has expired (it lives for 15 minutes). Ask the administrator for a new one."),
    ProblemType("key_refused", 409, "after_fix", "密钥不被接受", "Key refused",
                "公钥不合规范、两把密钥相同，或曾登记过。请在终端上重新生成密钥。",
                "A public key is malformed, equals the other one, or was enrolled before. Make new keys on the terminal."),
    ProblemType("digest_mismatch", 460, "after_fix", "摘要不符", "Digest mismatch",
                "收到的文件与申报的 SHA-256 不符，请重新上传。",
                "The file received does not have the SHA-256 that was declared. Upload it again."),
    ProblemType("offset_mismatch", 409, "after_fix", "续传位置不符", "Offset mismatch",
                "续传位置与服务器不一致，请从给出的 offset 继续。",
                "The upload offset differs from the server's. Go on from the offset given."),
    ProblemType("storage_low", 507, "later", "存储空间不足", "Storage low",
                "服务器存储空间不足，暂不接收上传；查询不受影响。请按 Retry-After 稍后再试。",
                "The server is short of disk and takes no uploads for now; reading goes on. Try again after Retry-After."),
    ProblemType("type_mismatch", 415, "after_fix", "文件类型不符", "Type mismatch",
                "文件内容与申报的媒体类型不符，未保存。请以内容的实际类型（found）重新上传；原件仍保留在终端上。",
                "The bytes of the file contradict the media type that was declared; it was not kept. Upload it again with the type that it has (`found`); the original stays on the terminal."),
    ProblemType("bad_upload", 400, "after_fix", "上传请求有误", "Bad upload",
                "上传请求缺少内容、文件为空，或带有路径的文件名。请对照协议第 6 节改正。",
                "The upload lacks something, the file is empty, or its name holds a path. Correct it as section 6 of the protocol says."),
    ProblemType("tus_version", 412, "after_fix", "续传协议版本不符", "Version of tus",
                "本服务器只支持 tus 1.0.0，请在每个请求中发送 Tus-Resumable: 1.0.0。",
                "This server speaks tus 1.0.0. Send Tus-Resumable: 1.0.0 with every request."),
    ProblemType("overloaded", 503, "later", "服务器繁忙", "Overloaded",
                "服务器繁忙，请按 Retry-After 稍后再试；记录仍保留在终端上。",
                "The server is busy. Try again after Retry-After; the records stay on the terminal."),
    ProblemType("not_ready", 503, "later", "日志暂停写入", "Not ready",
                "日志的完整性检查未通过或尚未完成，服务器拒绝签发，等待管理员处理；记录仍保留在终端上。",
                "A check of the log has failed or not finished, so the server signs nothing until an operator acts; the records stay on the terminal."),
    ProblemType("unauthorized", 401, "after_fix", "需要登录", "Sign-in required",
                "请先登录，或提供有效的访问令牌。",
                "Sign in first, or send a valid access token."),
    ProblemType("forbidden", 403, "never", "没有权限", "Forbidden",
                "您的角色或所属机关无权查看或办理此项。",
                "Your role or authority does not allow this."),
    ProblemType("not_found", 404, "never", "未找到", "Not found",
                "没有这个地址或对象，或您无权查看。",
                "There is no such address or object, or you may not see it."),
    ProblemType("method_not_allowed", 405, "never", "方法不允许", "Method not allowed",
                "该地址不支持此方法。", "This address does not support the method used."),
    ProblemType("unsupported_media_type", 415, "after_fix", "媒体类型不支持", "Unsupported media type",
                "请使用 Content-Type: application/msgpack。", "Send Content-Type: application/msgpack."),
    ProblemType("bad_request", 400, "after_fix", "请求有误", "Bad request",
                "请求中有无法识别的内容，请对照说明改正。", "Something in the request could not be understood; correct it as described."),
    ProblemType("timeout", 408, "later", "上传超时", "Timed out",
                "上传过慢，连接已中止，什么也没有保存。请在网络好转后重试。",
                "The upload was too slow and was ended; nothing was stored. Try again on a better network."),
    ProblemType("gone", 410, "never", "记录已撤下", "Taken down",
                "该公示记录已撤回或公示期满，内容不再提供；撤下的时间和理由见本页，其曾经公示仍可核验。",
                "This published record was withdrawn or its period is over. Day and reason are given here; that it was published stays provable."),
    ProblemType("proof_pending", 503, "later", "证明尚未生成", "Proof not there yet",
                "该记录比公开的检查点更新。检查点每十分钟更新一次，请稍后再取证明。",
                "The record is newer than the public checkpoint, which is renewed every ten minutes. Ask for the proof again later."),
    ProblemType("conflict", 409, "after_fix", "已被他人更改", "Changed meanwhile",
                "该对象刚刚被更改，请查看最新状态后再决定。",
                "The object was changed in the meantime. Look at its present state, then decide again."),
    ProblemType("gate_closed", 409, "after_fix", "尚不能办理", "Closed to this act",
                "按规定现在还不能办理，什么也没有记录。请看 gates：哪条规定、依据哪些记录、怎样才能办理。",
                "The rules do not allow this act yet; nothing was recorded. `gates` says which rule, on which records, and what would lift it."),
    ProblemType("precondition_failed", 412, "after_fix", "内容已变化", "Changed since you looked",
                "打开之后，该对象已被更改（changes）。请查看最新内容，再按最新的 ETag 办理。",
                "The object was changed since you looked at it (`changes`). Look at it again and send the act with the newest ETag."),
    ProblemType("precondition_required", 428, "after_fix", "缺少 If-Match", "If-Match required",
                "请带上 If-Match，写明您所看到的版本（ETag）。", "Send If-Match with the version (ETag) that you have seen."),
    ProblemType("internal", 500, "later", "服务器内部错误", "Internal error",
                "服务器出错，已记录。请稍后重试，并向管理员提供事件编号 incident。",
                "The server failed and has recorded it. Try again later and give the administrator the `incident` number."),
)  # fmt: skip

PROBLEMS: Mapping[str, ProblemType] = {p.code: p for p in _ALL}


class Problem(Exception):
    """A refused request: `code` is a key of PROBLEMS, `fields` go beside it, `reason` says in English what came."""

    def __init__(self, code: str, reason: str = "", **fields: object) -> None:
        super().__init__(f"{code}: {reason}" if reason else code)
        self.type = PROBLEMS[code]
        self.code = code
        self.reason = reason
        self.fields = fields

    def body(self, language: Literal["zh", "en"]) -> dict[str, object]:
        """The members of the answer, ready for JSON or canonical MessagePack (no nil, no floats)."""
        kind = self.type
        detail = kind.detail_zh if language == "zh" else kind.detail_en
        if self.reason:
            detail = f"{detail} ({self.reason})"
        return {
            "type": kind.urn,
            "title": kind.title_zh if language == "zh" else kind.title_en,
            "status": kind.status,
            "detail": detail,
            "code": kind.code,
            "retry": kind.retry,
            **self.fields,
        }
