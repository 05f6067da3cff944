"""What waits on the terminal, why, and what to do: the sentences that an officer reads, in Chinese and English.

Pure: the state of a queue goes in, lines come out, the gravest first. Invariant: whatever keeps a record on the
terminal is named by one of the lines, and every line that names a trouble says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ops.terminal.queue_file import Queue
from schemas.problems import PROBLEMS

Language = Literal["zh", "en"]
Weight = Literal["alarm", "waiting", "well"]


@dataclass(frozen=True, slots=True)
class Line:
    """One matter: its name for programs, its weight, and `what`, `why`, `todo` for people ("" where there is none)."""

    name: str
    weight: Weight
    what: str
    why: str
    todo: str


_TROUBLE: Final[dict[str, tuple[tuple[str, str], tuple[str, str]]]] = {
    "no_answer": (
        ("上次未能连上服务器，或应答没有收全", "the server was not reached, or its answer did not come whole"),
        (
            "有网络时再执行同步；重复上传不会重复入库",
            "synchronize again when there is a network; sending twice is harmless",
        ),
    ),
    "distrusted": (
        ("服务器的应答未通过核验", "an answer of the server failed verification"),
        (
            "不要清除本机数据；把下方原因报告管理员",
            "keep this terminal as it is and report the reason to the administrator",
        ),
    ),
    "deleted": (
        ("服务器索要本机已按回执删除的记录", "the server asks for records that were deleted here under its receipt"),
        ("立即报告管理员：服务器可能丢失了数据", "report at once: the server may have lost data"),
    ),
    "stuck": (
        ("同步多次没有进展", "synchronizing made no progress"),
        ("报告管理员", "report to the administrator"),
    ),
}
_RETRY: Final[dict[str, tuple[str, str]]] = {
    "never": ("重试无用，请把终端交给管理员处理", "trying again is useless: hand the terminal to the administrator"),
    "later": ("稍后再执行同步", "synchronize again later"),
    "after_fix": ("按说明处理后再执行同步", "do as described, then synchronize again"),
}


def explain(queue: Queue, language: Language = "zh") -> list[Line]:
    """What an officer must know about this queue, the gravest matter first."""
    english = language == "en"

    def say(zh: str, en: str) -> str:
        return en if english else zh

    state = queue.state
    lines: list[Line] = []
    if state.forked is not None:
        lines.append(
            Line(
                "forked",
                "alarm",
                say("本终端的记录链出现分叉", "the chain of this terminal has forked"),
                state.forked,
                say(
                    "可以继续记录和上传；本机不会删除任何记录；报告管理员，由执法机关认定以哪一支为准",
                    "go on recording and uploading; nothing is deleted here; report it: an officer decides which "
                    "branch goes on",
                ),
            )
        )
    if state.held:
        lines.append(
            Line(
                "held",
                "alarm",
                say("服务器已将本终端列为待核", "the server holds this terminal"),
                say("记录照收，但标注“待核”", "records are taken, with the note `held`"),
                say("报告管理员，请其核实后解除", "ask the administrator to examine and release it"),
            )
        )
    waiting = queue.unsent()
    if waiting:
        first = queue.kept(state.cursor, 1)
        kind = first[0].type if first else ""
        lines.append(
            Line(
                "records",
                "waiting",
                say(
                    f"{waiting} 条记录等待上传（自第 {state.cursor} 条，{kind}）",
                    f"{waiting} records wait for upload (from seq {state.cursor}, {kind})",
                ),
                _why(queue, language),
                _todo(queue, language),
            )
        )
    elif state.trouble is not None:
        grave = state.trouble_retry == "never"
        lines.append(
            Line(
                "trouble",
                "alarm" if grave else "waiting",
                say("上次同步没有成功", "the last synchronization did not succeed"),
                _why(queue, language),
                _todo(queue, language),
            )
        )
    lost = sum(last - first + 1 for first, last in queue.lost_parts())
    if lost:
        lines.append(
            Line(
                "lost",
                "alarm",
                say(f"{lost} 条记录因超过大小上限已申报遗失", f"{lost} records were declared lost: too large"),
                say(
                    "服务器不接收超过 60000 字节的单条记录，本机另记一条说明",
                    "the server takes no record over 60,000 bytes; another record says so",
                ),
                say(
                    "把内容拆成几条，或作为文件附上，重新记录；报告管理员解除待核",
                    "record it anew in parts or as a file; ask the administrator to release the terminal",
                ),
            )
        )
    values = queue.private_waiting()
    if values:
        lines.append(
            Line(
                "private",
                "waiting",
                say(f"{values} 项个人信息尚未送达", f"{values} private values have not arrived"),
                say(
                    "个人信息单独加密传送，服务器尚未确认打开",
                    "they travel sealed, and the server has not confirmed them",
                ),
                say("随下次同步自动重发", "they go again with the next synchronization"),
            )
        )
    blobs = queue.missing_blobs()
    if blobs:
        size = sum(file.size for _, file in blobs)
        lines.append(
            Line(
                "files",
                "waiting",
                say(
                    f"{len(blobs)} 个附件（{size} 字节）服务器尚未收到",
                    f"{len(blobs)} files ({size} bytes) are not on the server",
                ),
                say("记录已声明附件，文件本身单独上传", "the records declare them; the files are uploaded apart"),
                say(
                    "执行 upload 上传；不要移动或修改原文件",
                    "run `liuhen terminal upload`; do not move or change the originals",
                ),
            )
        )
    loose = queue.waiting_files()
    if loose:
        lines.append(
            Line(
                "attached",
                "waiting",
                say(f"{len(loose)} 个文件等待下一条记录引用", f"{len(loose)} files wait for the next record"),
                say("已附加，但还没有记录声明它们", "they were attached, but no record declares them yet"),
                say("执行 record 即可", "make the record"),
            )
        )
    kept = queue.receipted()
    if kept and not waiting and state.trouble is None:
        deletable = min(state.watermark, state.proven)
        lines.append(
            Line(
                "receipted",
                "well",
                say(f"{kept} 条记录均有经核验的回执", f"{kept} records have a verified receipt"),
                say(
                    f"可删除到第 {deletable} 条（已备份到第 {state.watermark} 条，已证明到第 {state.proven} 条）",
                    f"those up to seq {deletable} may go (backed up to {state.watermark}, proven to {state.proven})",
                ),
                "",
            )
        )
    if not lines:
        lines.append(Line("empty", "well", say("没有记录", "no records"), "", ""))
    order = {"alarm": 0, "waiting": 1, "well": 2}
    return sorted(lines, key=lambda line: order[line.weight])


def _why(queue: Queue, language: Language) -> str:
    state = queue.state
    english = language == "en"
    if state.trouble is None:
        return "not yet synchronized" if english else "尚未同步"
    if state.trouble in _TROUBLE:
        reason = _TROUBLE[state.trouble][0][english]
        return f"{reason}: {state.trouble_detail}" if english else f"{reason}：{state.trouble_detail}"
    known = PROBLEMS.get(state.trouble)
    if known is not None:
        return known.detail_en if english else known.detail_zh
    return state.trouble_detail or state.trouble


def _todo(queue: Queue, language: Language) -> str:
    state = queue.state
    english = language == "en"
    if state.trouble is None:
        return "run `liuhen terminal sync`" if english else "执行 liuhen terminal sync"
    if state.trouble in _TROUBLE:
        return _TROUBLE[state.trouble][1][english]
    return _RETRY[state.trouble_retry or "later"][english]
