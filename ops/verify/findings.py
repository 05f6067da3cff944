"""What verify finds, in words: one code and one sentence for each way in which a log can contradict itself.

A finding names the log, the place (a position, or a range where only the tree can tell) and what was expected there.
The invariant: sentences carry positions, sizes, seqs and ids, never the content of an entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Language = Literal["zh", "en"]
KEPT_PER_CODE: Final = 100
"""Findings of one code in one log that are kept with their sentence; further ones are counted."""

DERIVED: Final = frozenset(("keys", "seals", "tags", "terminals"))

SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    # code: (en, zh)
    "log_empty": ("the log has no entries", "日志没有任何条目"),
    "log_missing": ("epoch {epoch} of this authority is missing", "缺少该机关第 {epoch} 期日志"),
    "position_missing": ("{count} entries are missing from here on", "自此处起缺少 {count} 个条目"),
    "position_repeated": ("two entries claim this position", "此位置有两个条目"),
    "beyond_head": (
        "entries stand behind the end that the head row names ({size})",
        "条目超出日志头所载的大小（{size}）",
    ),
    "entry_form": ("not a canonical entry of a known kind: {why}", "不是已知种类的规范条目：{why}"),
    "tree": (
        "the entries do not hash to the signed root at size {size}; one of these was changed, or the root was",
        "条目的哈希与大小 {size} 处签署的根不符：其中某条目或该根已被改动",
    ),
    "tile": ("the hash tile {path} contradicts the entries under it", "哈希瓦片 {path} 与其下的条目不符"),
    "checkpoint_signature": (
        "the checkpoint of size {size} does not verify: {why}",
        "大小为 {size} 的检查点未通过验证：{why}",
    ),
    "checkpoint_size": (
        "a checkpoint of size {size} is stored, but the log has {have} entries",
        "存有大小为 {size} 的检查点，而日志只有 {have} 个条目",
    ),
    "checkpoint_missing": (
        "no stored checkpoint covers the end of the log ({size})",
        "没有检查点覆盖日志末尾（{size}）",
    ),
    "head_size": ("the head says {size} entries, {have} are stored", "日志头载明 {size} 个条目，实存 {have} 个"),
    "head_root": ("the head's root is not the root of the entries", "日志头的根与条目计算所得不符"),
    "head_frontier": ("the head's frontier is not that of the entries", "日志头的右边界与条目计算所得不符"),
    "head_note": (
        "the head's note does not carry this size and root: {why}",
        "日志头的签名便笺与其大小和根不符：{why}",
    ),
    "epoch_entry": ("leaf 0 is not the epoch entry of this log: {why}", "首个条目不是本日志的期首条目：{why}"),
    "epoch_signature": (
        "the epoch entry is signed neither by the log key before it nor by the recovery key given",
        "期首条目既非由前一期日志密钥、也非由给定的恢复密钥签署",
    ),
    "epoch_previous": ("`previous` of the epoch entry {why}", "期首条目的 previous {why}"),
    "anchor": ("the log key of epoch 1 is not the one given with --key", "第 1 期日志密钥与 --key 给定的不同"),
    "register_ahead": (
        "the register knows size {size}, the log has {have}: the end was cut off or an old copy was put back",
        "登记簿已载大小 {size}，日志只有 {have}：末尾被截去，或恢复了旧副本",
    ),
    "register_root": (
        "at size {size} the register knows another root: the history was rewritten and signed again",
        "登记簿在大小 {size} 处载有另一个根：历史被改写并重新签署",
    ),
    "register_note": ("the register's note does not verify: {why}", "登记簿中的便笺未通过验证：{why}"),
    "not_enrolled": ("terminal {terminal} has no enrolment before this entry", "终端 {terminal} 在此条目之前没有登记"),
    "enrolment": ("the enrolment of terminal {terminal} is unsound: {why}", "终端 {terminal} 的登记有误：{why}"),
    "chain": (
        "seq {seq} of terminal {terminal} does not link to the envelope before it",
        "终端 {terminal} 第 {seq} 号记录与前一记录不相链接",
    ),
    "place": (
        "seq {seq} of terminal {terminal} has no place on its chain",
        "终端 {terminal} 第 {seq} 号在链上没有位置",
    ),
    "gap": (
        "terminal {terminal} jumps from seq {head} to {seq} without an incident `hole`",
        "终端 {terminal} 由第 {head} 号跳到第 {seq} 号，却无缺失事件",
    ),
    "unsealed": ("envelopes of terminal {terminal} stand here without a seal", "终端 {terminal} 的记录没有封签"),
    "seal_signature": (
        "the seal of terminal {terminal} is not signed by its event key",
        "终端 {terminal} 的封签签名无效",
    ),
    "seal_envelopes": (
        "the seal of terminal {terminal} does not cover the envelopes {low}..{high} that stand before it",
        "终端 {terminal} 的封签与其前第 {low}..{high} 号记录不符",
    ),
    "seal_form": ("the seal of terminal {terminal} is unsound: {why}", "终端 {terminal} 的封签有误：{why}"),
    "branch": ("the branch entry of terminal {terminal} is unsound: {why}", "终端 {terminal} 的分支条目有误：{why}"),
    "incident_missing": (
        "terminal {terminal} forks here, but no incident says so",
        "终端 {terminal} 在此分叉，却无相应事件",
    ),
    "incident_invented": (
        "the incident `{kind}` of terminal {terminal} has nothing behind it",
        "终端 {terminal} 的事件 {kind} 并无事实依据",
    ),
    "split_view_missing": (
        "terminal {terminal} had seen another tree, but no incident says so",
        "终端 {terminal} 见过另一棵树，却无相应事件",
    ),
    "revoked": (
        "terminal {terminal} goes on beyond what its revocation allows",
        "终端 {terminal} 的记录超出注销后的限度",
    ),
    "office_version": (
        "version {version} of the aggregate stands where {expected} was due",
        "聚合版本为 {version}，应为 {expected}",
    ),
    "office_act": ("the act `{kind}` cannot be followed: {why}", "无法执行办公行为 {kind}：{why}"),
    "key_row": ("the table keys {how} what the entry says", "keys 表与条目不符：{how}"),
    "tag_row": ("the table tags {how} the tag of the entry", "tags 表与条目的标签不符：{how}"),
    "seal_row": ("the table seals {how} what the entry says", "seals 表与条目不符：{how}"),
    "terminal_row": (
        "the row of terminal {terminal} says another {columns} than the log",
        "终端 {terminal} 的登记行与日志不符：{columns}",
    ),
}

REMARKS: Final[Mapping[str, tuple[str, str]]] = {
    "keys_from_log": (
        "no trust anchor given (--key, --recovery-key): keys come from the log itself, which may be anybody's",
        "未给定信任锚（--key 或 --recovery-key）：密钥取自日志本身，故只能证明日志前后一致，不能证明其归属",
    ),
    "tables_unread": (
        "the derived tables were not compared: this role may not read {tables}",
        "未核对派生表：该角色无权读取 {tables}",
    ),
    "partial": (
        "only the entries {first}..{last} are here: terminals, seals and acts were not followed",
        "仅含第 {first}..{last} 个条目：未核验终端链、封签与办公行为",
    ),
    "restored": (
        (
            "{log} says that epoch {epoch} had grown to {size}; {have} entries are stored: {have}..{last} were lost "
            "when the database was restored, and terminals are asked for theirs again"
        ),
        (
            "{log} 载明第 {epoch} 期曾达 {size} 个条目，现存 {have} 个：位置 {have}..{last} 的条目在恢复数据库时遗失，"
            "终端会被要求重新上传"
        ),
    ),
    "older_epochs": (
        "the epochs before {epoch} are not here: who enrolled in them is unknown, and their last log key as well",
        "缺少第 {epoch} 期以前的日志：其间登记的终端及其末期日志密钥不可知",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction. `first`..`last` are positions; equal where the place is known. `facts` fill the sentence."""

    code: str
    origin: str
    first: int
    last: int
    facts: Mapping[str, Any]
    table: str = ""

    def sentence(self, language: Language) -> str:
        """The finding in one sentence, place included."""
        words = _fill(SENTENCES[self.code], self.facts, language)
        place = f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"
        if self.first < 0:
            return f"{self.origin}: {words}"
        return (
            f"{self.origin} 位置 {place}：{words}" if language == "zh" else f"{self.origin} position {place}: {words}"
        )

    def as_json(self, language: Language) -> dict[str, Any]:
        """Plain values for --json."""
        return {
            "code": self.code,
            "log": self.origin,
            "first": self.first,
            "last": self.last,
            "table": self.table,
            "sentence": self.sentence(language),
        }


@dataclass(slots=True)
class Report:
    """What a run found and how much it looked at. `remarks`: not wrong, but a reader must know."""

    findings: list[Finding] = field(default_factory=list)
    remarks: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    logs: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self._seen

    @property
    def total(self) -> int:
        """How many findings there are, the ones without a kept sentence included."""
        return sum(self._seen.values())

    def add(
        self, code: str, origin: str, first: int, last: int | None = None, *, table: str = "", **facts: Any
    ) -> None:
        """Note a finding. `first` is -1 where no position applies."""
        key = (origin, code)
        self._seen[key] += 1
        if self._seen[key] <= KEPT_PER_CODE:
            self.findings.append(Finding(code, origin, first, first if last is None else last, facts, table))

    def remark(self, code: str, **facts: Any) -> None:
        """Say something aloud once."""
        if (code, facts) not in self.remarks:
            self.remarks.append((code, facts))

    def ordered(self) -> list[Finding]:
        """By log and place: what is named exactly stands before the range of the tree that contains it."""
        order = {log["log"]: number for number, log in enumerate(self.logs)}
        return sorted(
            self.findings,
            key=lambda f: (
                order.get(f.origin, -1),
                f.table in DERIVED,  # what is derived differs because the entries do
                f.first < 0,
                max(f.last, f.first),
                f.first != f.last,
            ),
        )

    def first(self) -> Finding | None:
        """The first bad position, None if all is well."""
        found = self.ordered()
        return found[0] if found else None

    def spoken_remarks(self, language: Language) -> list[str]:
        """The remarks as sentences."""
        return [_fill(REMARKS[code], facts, language) for code, facts in self.remarks]

    def as_json(self, language: Language) -> dict[str, Any]:
        """The whole report as plain values."""
        first = self.first()
        return {
            "clean": self.clean,
            "found": self.total,
            "first": None if first is None else first.as_json(language),
            "findings": [f.as_json(language) for f in self.ordered()],
            "by_code": {
                f"{code}": sum(n for (_, c), n in self._seen.items() if c == code) for _, code in sorted(self._seen)
            },
            "remarks": self.spoken_remarks(language),
            "logs": self.logs,
            "counts": dict(self.counts),
            "seconds": round(self.seconds, 3),
        }


def _fill(texts: tuple[str, str], facts: Mapping[str, Any], language: Language) -> str:
    shown = {
        name: _uuid(value) if name == "terminal" and isinstance(value, bytes) else _words(value, language)
        for name, value in facts.items()
    }
    return texts[language == "zh"].format(**shown)


def _words(value: Any, language: Language) -> Any:
    """A fact that is itself a pair of texts is given in the reader's language."""
    return value[language == "zh"] if isinstance(value, tuple) else value


def _uuid(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
