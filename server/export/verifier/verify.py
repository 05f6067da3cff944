#!/usr/bin/env python3
"""Checks an exported case file (a zip of format `liuhen case export v1`). 核验导出的卷宗。

    python verify.py CASE.zip --key "HOST/AUTHORITY/EPOCH+...."      with the log's key, as the authority publishes it
    python verify.py CASE.zip                                        prints the keys, to be compared by hand
    python verify.py CASE.zip --key ... --log FOLDER                 beside the whole log, as an auditor has it

Needs CPython 3.9 or newer and the package `cryptography`; no network, and nothing of whoever made the export. It reads
the zip and writes nothing. Exit code 0: all in order; 1: something is not, and every finding is named; 2: cannot run;
3: all in order as far as it goes, but no key was given, so whose log it is remains to be compared.

The steps, in this order; the numbers stand beside the code:

    1  the zip: names, order, nothing hidden
    2  the manifest: every file has its digest, no file is missing or added
    3  the keys: leaf 0 of every epoch, from the key that was given
    4  the checkpoints: signed by these keys
    5  the entries: canonical, and each proven to stand in the log
    6  the two acts of the export: the one that says what it covers, the one that closed the manifest
    7  completeness: the entries are those that the first act committed to; with --log, all that the log has
    8  the terminals: enrolment, signature over each batch, links of the chain
    9  the files of evidence: present with their digest, or listed as missing
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import locale
import re
import struct
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.exit("verify.py needs the Python package `cryptography`. 需要 Python 软件包 cryptography。")

FORMAT = "liuhen case export v1"
PAPERS = {
    "README.en.txt", "README.zh.txt", "case.en.html", "case.en.pdf", "case.zh.html", "case.zh.pdf", "verify.py"
}  # fmt: skip
ENTRY = re.compile(r"entries/([1-9][0-9]{0,8})/([0-9]{12})\.mp")
HASHES = re.compile(r"batches/([1-9][0-9]{0,8})/([0-9]{12})\.hashes")
PROOF = re.compile(r"proofs/([1-9][0-9]{0,8})/([0-9]{12})\.tlog-proof")
CHECKPOINT = re.compile(r"checkpoints/([1-9][0-9]{0,8})\.txt")
BLOB = re.compile(r"blobs/([0-9a-f]{64})(\.[a-z0-9]{1,5})?")
BEGUN, CLOSED = "case_file.exported.v1", "case_file.export_closed.v1"
SMALL = 16 * 1024 * 1024
BLOCK = 1024 * 1024
MAX_DEPTH = 16
CHINA = timezone(timedelta(hours=8))

Place = tuple[int, int]
"""(epoch, position) of an entry."""


# -- the encodings ------------------------------------------------------------------------------------------------


class Broken(ValueError):
    """Bytes that are not what they should be."""


def unpack(data: bytes) -> Any:
    """The value of canonical MessagePack; the same value encoded again must give the same bytes."""
    value, end = _read(data, 0, 0)
    if end != len(data):
        raise Broken("bytes behind the value")
    if pack(value) != data:
        raise Broken("not the canonical form")
    return value


def _read(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if at >= len(data) or depth > MAX_DEPTH:
        raise Broken("cut off, or nested too deeply")
    kind = data[at]
    at += 1
    if kind < 0x80:
        return kind, at
    if kind >= 0xE0:
        return kind - 256, at
    if kind < 0x90:
        return _map(data, at, kind & 15, depth)
    if kind < 0xA0:
        return _array(data, at, kind & 15, depth)
    if kind < 0xC0:
        return _text(data, at, kind & 31)
    if kind in (0xC2, 0xC3):
        return kind == 0xC3, at
    if 0xCC <= kind <= 0xD3:
        width = 1 << (kind & 3)
        _need(data, at, width)
        return int.from_bytes(data[at : at + width], "big", signed=kind >= 0xD0), at + width
    widths = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
    if kind not in widths:
        raise Broken("nil, a float or an extension type")
    width = widths[kind]
    _need(data, at, width)
    count, at = int.from_bytes(data[at : at + width], "big"), at + width
    if kind >= 0xDE:
        return _map(data, at, count, depth)
    if kind >= 0xDC:
        return _array(data, at, count, depth)
    if kind >= 0xD9:
        return _text(data, at, count)
    _need(data, at, count)
    return data[at : at + count], at + count


def _need(data: bytes, at: int, count: int) -> None:
    if at + count > len(data):
        raise Broken("cut off")


def _text(data: bytes, at: int, count: int) -> tuple[str, int]:
    _need(data, at, count)
    try:
        return data[at : at + count].decode("utf-8"), at + count
    except UnicodeDecodeError:
        raise Broken("text that is not UTF-8") from None


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    found = []
    for _ in range(count):
        value, at = _read(data, at, depth + 1)
        found.append(value)
    return found, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    for _ in range(count):
        key, at = _read(data, at, depth + 1)
        if not isinstance(key, str) or key in found:
            raise Broken("a key that is no text or stands twice")
        found[key], at = _read(data, at, depth + 1)
    return found, at


def pack(value: Any) -> bytes:
    """Canonical MessagePack of a value: shortest forms, keys in the order of their UTF-8 bytes."""
    if value is True or value is False:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _pack_int(value)
    if isinstance(value, bytes):
        return _head(len(value), None, 0, (0xC4, 0xC5, 0xC6)) + value
    if isinstance(value, str):
        data = value.encode("utf-8")
        return _head(len(data), 0xA0, 32, (0xD9, 0xDA, 0xDB)) + data
    if isinstance(value, list):
        return _head(len(value), 0x90, 16, (None, 0xDC, 0xDD)) + b"".join(map(pack, value))
    keys = sorted(value, key=lambda key: key.encode("utf-8"))
    return _head(len(keys), 0x80, 16, (None, 0xDE, 0xDF)) + b"".join(pack(key) + pack(value[key]) for key in keys)


def _pack_int(value: int) -> bytes:
    if -32 <= value < 128:
        return struct.pack("b" if value < 0 else "B", value)
    for width, code in ((1, 0), (2, 1), (4, 2), (8, 3)):
        bits = 8 * width
        if value >= 0 and value < 1 << bits:
            return bytes([0xCC + code]) + value.to_bytes(width, "big")
        if value < 0 and value >= -(1 << (bits - 1)):
            return bytes([0xD0 + code]) + value.to_bytes(width, "big", signed=True)
    raise Broken("an integer beyond 64 bits")


def _head(count: int, fix: int | None, below: int, codes: tuple[int | None, int, int]) -> bytes:
    if fix is not None and count < below:
        return bytes([fix | count])
    if codes[0] is not None and count < 256:
        return bytes([codes[0], count])
    if count < 65536:
        return bytes([codes[1]]) + count.to_bytes(2, "big")
    return bytes([codes[2]]) + count.to_bytes(4, "big")


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962: the hash of a leaf."""
    return sha256(b"\x00" + entry)


def root_of_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 6962: the root that an inclusion proof leads to. Raises Broken where the proof has the wrong length."""
    if not 0 <= index < size:
        raise Broken("the position lies outside the tree")
    node, last, found = index, size - 1, leaf
    for other in path:
        if last == 0:
            raise Broken("the proof is too long")
        if node & 1 or node == last:
            found = sha256(b"\x01" + other + found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + other)
        node, last = node >> 1, last >> 1
    if last:
        raise Broken("the proof is too short")
    return found


def signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature holds."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class Key:
    """A C2SP verifier key: `<name>+<id>+<base64 of 0x01 and the Ed25519 key>`."""

    def __init__(self, text: str) -> None:
        parts = text.strip().split("+", 2)
        try:
            material = base64.b64decode(parts[2], validate=True)
            self.name, self.id, self.public = parts[0], bytes.fromhex(parts[1]), material[1:]
        except (IndexError, ValueError):
            raise Broken("expected a key <name>+<id>+<base64>") from None
        wanted = sha256(self.name.encode() + b"\n" + material).hex()[:8]
        if material[:1] != b"\x01" or len(material) != 33 or self.id.hex() != wanted:
            raise Broken("the parts of the key do not belong together: copy the whole line")
        self.text = f"{self.name}+{self.id.hex()}+{base64.b64encode(material).decode()}"

    def opens(self, note: str) -> tuple[int, bytes]:
        """(size, root) of a checkpoint that this key signed. Raises Broken."""
        text, blank, lines = note.rpartition("\n\n")
        text += "\n"
        parts = text.split("\n")
        if not blank or len(parts) < 4 or parts[0] != self.name or not re.fullmatch("0|[1-9][0-9]*", parts[1]):
            raise Broken("not a checkpoint of " + self.name)
        for line in lines.split("\n"):
            words = line.split(" ")
            if len(words) == 3 and words[0] == "\u2014" and words[1] == self.name:
                try:
                    blob = base64.b64decode(words[2], validate=True)
                    root = base64.b64decode(parts[2], validate=True)
                except ValueError:
                    break
                if blob[:4] == self.id and len(root) == 32 and signed(self.public, blob[4:], text.encode()):
                    return int(parts[1]), root
        raise Broken("not signed by the key of " + self.name)


# -- what was found -----------------------------------------------------------------------------------------------


class Report:
    """Findings and sentences, each in English and Chinese."""

    def __init__(self) -> None:
        self.findings: list[dict[str, str]] = []
        self.proven: list[tuple[str, str]] = []
        self.trust: list[tuple[str, str]] = []

    def proves(self, en: str, zh: str) -> None:
        """A sentence on what is proven."""
        self.proven.append((en, zh))

    def rests(self, en: str, zh: str) -> None:
        """A sentence on what rests on trust."""
        self.trust.append((en, zh))

    def found(self, code: str, where: str, en: str, zh: str) -> None:
        """Note that something is not in order."""
        self.findings.append({"code": code, "where": where, "en": en, "zh": zh})


class Entry:
    """One log entry of the export, decoded as far as its bytes allow."""

    def __init__(self, place: Place, data: bytes) -> None:
        self.place, self.data, self.leaf = place, data, leaf_hash(data)
        self.map: dict[str, Any] = {}
        self.envelope: dict[str, Any] = {}
        self.error = ""
        try:
            value = unpack(data)
            self.map = value if isinstance(value, dict) else {}
        except (Broken, RecursionError) as fault:
            self.error = str(fault)
        if not self.map:
            self.error = self.error or "no map"
        self.kind = self.map.get("k", "")
        self.bytes = self.map.get("e", b"") if self.kind in ("field", "branch") else b""
        if self.bytes:
            try:
                value = unpack(self.bytes)
                self.envelope = value if isinstance(value, dict) and value.get("v") == 1 else {}
            except (Broken, RecursionError):
                pass  # kept as it came: nothing is read from bytes that are not canonical

    @property
    def type(self) -> str:
        """Type of the event, "" for entries of the log itself."""
        found = self.map.get("y") if self.kind == "office" else self.envelope.get("type")
        return found if isinstance(found, str) else ""

    @property
    def body(self) -> dict[str, Any]:
        """The event's fields."""
        found = self.map.get("b") if self.kind == "office" else self.envelope.get("body")
        return found if isinstance(found, dict) else {}

    @property
    def tags(self) -> set[str]:
        """What the event says that it is about."""
        found = self.map.get("a") if self.kind == "office" else self.envelope.get("about")
        return {tag for tag in found if isinstance(tag, str)} if isinstance(found, list) else set()

    @property
    def blobs(self) -> list[tuple[str, int]]:
        """(digest, size) of the files that the event declares."""
        found = self.envelope.get("blobs")
        return [
            (one["sha256"].hex(), one["size"])
            for one in (found if isinstance(found, list) else ())
            if isinstance(one, dict) and isinstance(one.get("sha256"), bytes) and isinstance(one.get("size"), int)
        ]

    @property
    def seq(self) -> int:
        """Number of the envelope on its terminal, 0 if its bytes do not say."""
        found = self.map.get("q") if self.kind == "branch" else self.envelope.get("seq")
        return found if isinstance(found, int) else 0

    def words(self) -> str:
        """How a person finds it."""
        epoch, position = self.place
        what = f" {self.type}" if self.type else ""
        seq = f", terminal {uuid(self.map.get('t', b''))} no. {self.seq}" if self.bytes else ""
        return f"entry {position} of epoch {epoch}{what}{seq}"


def uuid(raw: Any) -> str:
    """36-character text of 16 bytes."""
    text = raw.hex() if isinstance(raw, bytes) else ""
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


# -- the steps ----------------------------------------------------------------------------------------------------


class Verifier:
    """One run over one zip."""

    def __init__(self, path: Path, keys: list[Key], log: Path | None) -> None:
        self.path, self.pinned, self.log = path, keys, log
        self.report = Report()
        self.files: dict[str, zipfile.ZipInfo] = {}
        self.digests: dict[str, tuple[str, int]] = {}
        self.unreadable: set[str] = set()
        self.order: list[str] = []
        self.manifest: dict[str, Any] = {}
        self.manifest_digest = b""
        self.entries: dict[Place, Entry] = {}
        self.keys: dict[int, Key] = {}
        self.heads: dict[int, tuple[int, bytes]] = {}
        self.notes: dict[int, str] = {}
        self.begun: Entry | None = None
        self.closed: Entry | None = None
        self.anchored = False
        self.names: set[str] = set()
        self.compared = False

    def run(self) -> Report:
        """All steps; one fault does not hide the next where that can be helped."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                self.archive = archive
                self._zip()
                self._read_all()
                self._manifest()
                self._entries()
                self._keys()
                self._checkpoints()
                self._proofs()
                self._acts()
                self._complete()
                self._terminals()
                self._evidence()
                self._words()
        except zipfile.BadZipFile as fault:
            self.report.found("zip", str(self.path), f"the zip is cut off or damaged ({fault})", "压缩包不完整或已损坏")
        return self.report

    # (1) ------------------------------------------------------------------

    def _zip(self) -> None:
        found = self.report.found
        infos = self.archive.infolist()
        length = self.path.stat().st_size
        # A whole file of ours begins with its first member and ends with the directory: nothing in front or behind.
        if infos and min(info.header_offset for info in infos) != 0:
            found("zip_hidden", "", "there are bytes in front of the first file", "首个文件之前另有数据")
        if self.archive.comment:
            found("zip_hidden", "", "the zip carries a comment", "压缩包带有附注")
        with self.path.open("rb") as file:
            file.seek(max(0, length - 22))
            if file.read(4) != b"PK\x05\x06":
                found("zip_hidden", "", "there are bytes behind the directory of the zip", "压缩包目录之后另有数据")
        for info in infos:
            name = info.orig_filename
            if name in self.files:
                found("zip_twice", name, "this name stands twice in the zip", "同名文件出现两次")
                continue
            if name != info.filename or not self._known(name):
                found("zip_name", name, "a name that an export does not have", "出现导出格式以外的文件名")
            if info.flag_bits & 1 or info.compress_type != zipfile.ZIP_STORED:
                found("zip_form", name, "expected a file that is stored as it is", "文件应为不加密、不压缩存放")
            if (info.external_attr >> 28) not in (0, 8):
                found("zip_form", name, "not a plain file", "不是普通文件")
            self.files[name] = info
        self.order = sorted(self.files, key=lambda name: self.files[name].header_offset)
        self.at = {name: place for place, name in enumerate(self.order)}

    @staticmethod
    def _known(name: str) -> bool:
        patterns = (ENTRY, HASHES, PROOF, CHECKPOINT, BLOB)
        return name in PAPERS or name == "manifest.json" or any(one.fullmatch(name) for one in patterns)

    def _read_all(self) -> None:
        """Every file once: digest, length, and whether the zip gives it back at all."""
        for name, info in self.files.items():
            digest, size = hashlib.sha256(), 0
            try:
                with self.archive.open(info) as file:
                    for block in iter(lambda: file.read(BLOCK), b""):
                        digest.update(block)
                        size += len(block)
            except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as fault:
                self.unreadable.add(name)
                self.report.found(
                    "zip_file", name, f"the file cannot be read out of the zip ({fault})", "文件无法从压缩包中读出"
                )
                continue
            self.digests[name] = (digest.hexdigest(), size)

    def _get(self, name: str) -> bytes:
        info = self.files.get(name)
        if info is None or name in self.unreadable or info.file_size > SMALL:
            return b""
        return self.archive.read(info)

    # (2) ------------------------------------------------------------------

    def _manifest(self) -> None:
        found = self.report.found
        data = self._get("manifest.json")
        self.manifest_digest = sha256(data)
        try:
            value = json.loads(data.decode("utf-8"))
            form = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
            listed = {one["path"]: (one["sha256"], one["size"]) for one in value["files"]}
            order = [one["path"] for one in value["files"]]
            self.missing = {one["sha256"]: one["state"] for one in value["missing"]}
            sound = value["format"] == FORMAT and form == data and len(order) == len(listed)
        except (ValueError, KeyError, TypeError, RecursionError):
            value, sound, listed, order, self.missing = {}, False, {}, [], {}
        if not sound:
            found("manifest", "manifest.json", "absent, or not in its form", "清单缺失或格式不符")
        self.manifest = value if isinstance(value, dict) else {}
        covered = [name for name in self.order if name != "manifest.json" and not self._after(name)]
        for name in sorted(set(listed) - set(covered)):
            found("file_missing", name, "the manifest lists this file; it is not here", "清单所列文件缺失")
        for name in sorted(set(covered) - set(listed)):
            found("file_added", name, "the manifest does not list this file", "清单未列该文件")
        for name in covered:
            if name in listed and name in self.digests and self.digests[name] != tuple(listed[name]):
                found(
                    "file_changed", name, "it does not have the digest that the manifest states", "文件与清单摘要不符"
                )
        if sound and set(order) == set(covered) and order != covered:
            found("file_order", "manifest.json", "the files stand in another order than listed", "文件顺序与清单不一致")

    def _after(self, name: str) -> bool:
        """Files that came behind the manifest and prove themselves: proofs, checkpoints, the closing act."""
        if PROOF.fullmatch(name) or CHECKPOINT.fullmatch(name):
            return True
        return bool(ENTRY.fullmatch(name)) and self.at[name] > self.at.get("manifest.json", len(self.at))

    def _entries(self) -> None:
        for name in self.order:
            match = ENTRY.fullmatch(name)
            if match and name in self.digests:
                place = (int(match[1]), int(match[2]))
                self.entries[place] = Entry(place, self._get(name))

    # (3) ------------------------------------------------------------------

    def _keys(self) -> None:
        found = self.report.found
        before: Key | None = None
        epochs = sorted(epoch for epoch, position in self.entries if position == 0)
        pinned = {key.text for key in self.pinned}
        for epoch in epochs:
            where, value = f"epoch {epoch}", self.entries[epoch, 0].map
            try:
                key = Key(value["keys"]["log"])
                origin = f"{value['host']}/{value['a']}/{value['e']}"
                rest = {name: part for name, part in value.items() if name != "sig"}
                message = b"liuhen epoch v1\n" + sha256(pack(rest))
                sound = value["k"] == "epoch" and value["e"] == epoch and key.name == origin
                sound = sound and value["a"] == self.manifest.get("authority", value["a"])
                signature = value["sig"]
            except (Broken, KeyError, TypeError):
                sound, key, message, signature = False, None, b"", b""
            if not sound or key is None:
                found("epoch", where, "leaf 0 does not say whose log it is", "首条记录未能说明日志归属")
                before = None
                continue
            self.keys[epoch] = key
            if key.text in pinned:
                self.anchored = True
            elif before is not None and not signed(before.public, signature, message):
                # By the recovery key, perhaps: then this epoch has to be pinned by itself.
                found(
                    "epoch_unsigned", where, "its keys are not signed by the key of the epoch before: give its key, too",
                    "该期密钥未经上一期密钥签署：请同时给出该期密钥",
                )  # fmt: skip
            before = key
        if epochs != list(range(1, len(epochs) + 1)) or not epochs:
            found("epoch", "", "an epoch of the log is missing", "缺少某一期日志")
        if pinned and not self.anchored:
            found(
                "wrong_key", ", ".join(sorted(pinned)), "no epoch of this log has the key that was given",
                "所给密钥与本日志各期密钥均不相符",
            )  # fmt: skip

    # (4) ------------------------------------------------------------------

    def _checkpoints(self) -> None:
        for epoch, key in self.keys.items():
            name = f"checkpoints/{epoch}.txt"
            note = self._get(name).decode("utf-8", "replace")
            try:
                self.heads[epoch] = key.opens(note)
                self.notes[epoch] = note
            except Broken as fault:
                self.report.found("checkpoint", name, f"the checkpoint does not hold: {fault}", "检查点签名不成立")

    # (5) ------------------------------------------------------------------

    def _proofs(self) -> None:
        found = self.report.found
        for place, entry in self.entries.items():
            epoch, position = place
            if entry.error:
                found("entry_form", entry.words(), f"not a log entry: {entry.error}", "不是规范的日志记录")
            if epoch not in self.heads:
                continue
            size, root = self.heads[epoch]
            name = f"proofs/{epoch}/{position:012d}.tlog-proof"
            try:
                path, note = self._proof(name, position)
                sound = root_of_path(entry.leaf, position, size, path) == root
            except (Broken, ValueError) as fault:
                found("proof", name, f"the proof is absent or cannot be read: {fault}", "存在性证明缺失或无法读取")
                continue
            if note != self.notes[epoch]:
                found("proof", name, "the proof is for another checkpoint", "证明所据检查点不同")
            if not sound:
                found(
                    "entry_changed", entry.words(), "these bytes do not stand at this place of the log",
                    "该记录的字节与日志该位置不符",
                )  # fmt: skip
        for name in self.files:
            match = PROOF.fullmatch(name) or CHECKPOINT.fullmatch(name)
            if match and (int(match[1]), int(match[2]) if match.lastindex == 2 else 0) not in self.entries:
                found("file_added", name, "it proves nothing that is here", "多余的证明文件")

    def _proof(self, name: str, position: int) -> tuple[list[bytes], str]:
        head, blank, note = self._get(name).decode("utf-8").partition("\n\n")
        lines = head.split("\n")
        if not blank or lines[:2] != ["c2sp.org/tlog-proof@v1", f"index {position}"] or len(lines) > 66:
            raise Broken("not a proof for this position")
        path = [base64.b64decode(line, validate=True) for line in lines[2:]]
        if any(len(one) != 32 for one in path):
            raise Broken("not a hash")
        return path, note

    # (6) ------------------------------------------------------------------

    def _acts(self) -> None:
        found = self.report.found
        wanted = self.manifest.get("export", "")
        for entry in self.entries.values():
            if entry.kind == "office" and entry.type == BEGUN and entry.map.get("i", b"").hex() == wanted:
                self.begun = entry
        if self.begun is None:
            found("export_act", "", f"the act of this export ({BEGUN}) is missing", "缺少本次导出的记录")
        for entry in self.entries.values():
            ours = self.begun is not None and entry.body.get("export") == self.begun.map.get("i")
            if entry.kind == "office" and entry.type == CLOSED and ours:
                self.closed = entry
        if self.closed is None:
            found("export_act", "", f"the act that closed this export ({CLOSED}) is missing", "缺少本次导出完成的记录")
        elif self.closed.body.get("manifest") != self.manifest_digest:
            found(
                "manifest_changed", "manifest.json",
                "it is not the manifest that the log closed: something that it lists was changed, added or left out",
                "清单与日志所封存的不一致：所列文件有改动、增加或删减",
            )  # fmt: skip
        if self.begun is not None:
            if uuid(self.begun.body.get("case_id")) != self.manifest.get("case"):
                found("export_act", "", "the act is of another case", "导出记录属于另一案件")
            listed = self.begun.body.get("names")
            self.names = {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()

    # (7) ------------------------------------------------------------------

    def _complete(self) -> None:
        if self.begun is None:
            return
        found = self.report.found
        logs = self.begun.body.get("logs")
        parts = {part["epoch"]: part for part in logs} if isinstance(logs, list) else {}
        case = f"case:{self.manifest.get('case')}"
        direct = [entry for entry in self.entries.values() if case in entry.tags and self._cut(entry, parts)]
        names = {case}.union(*(self._kin(entry) for entry in direct)) if direct else {case}
        if names != self.names:
            found(
                "names", ", ".join(sorted(names ^ self.names)),
                "the tasks and hazards of the case are not those that the export's act lists", "涉案任务、隐患与导出记录所列不符",
            )  # fmt: skip
        for epoch in self.keys:
            if epoch not in parts:
                found("epoch", f"epoch {epoch}", "the export does not cover this epoch", "导出未覆盖该期日志")
        self.listed: set[Place] = set()
        for epoch, part in sorted(parts.items()):
            mine = sorted(
                place for place, entry in self.entries.items()
                if place[0] == epoch and place[1] < part["size"] and entry.tags & self.names
            )  # fmt: skip
            self.listed.update(mine)
            expected = part.get("positions")
            if expected is None and part["entries"] == 0:
                expected = []
            if isinstance(expected, list):
                for position in sorted(set(expected) - {place[1] for place in mine}):
                    found(
                        "event_left_out", f"entry {position} of epoch {epoch}",
                        "the log committed to this event of the case; it is not in the export", "该事件属于本案，导出中被抽去",
                    )  # fmt: skip
                for position in sorted({place[1] for place in mine} - set(expected)):
                    found(
                        "event_added", self.entries[epoch, position].words(),
                        "names the case, but the export's act does not list it", "涉及本案，但导出记录未列",
                    )  # fmt: skip
            line = b"".join(struct.pack(">Q", position) + self.entries[e, position].leaf for e, position in mine)
            if len(mine) != part["entries"] or sha256(line) != part["digest"]:
                found(
                    "list_changed", f"epoch {epoch}",
                    f"the log committed to {part['entries']} events of the case, here are {len(mine)}, or others",
                    f"日志所记本案事件 {part['entries']} 条，此处 {len(mine)} 条或内容不同",
                )  # fmt: skip
            if epoch in self.heads and part["size"] > self.heads[epoch][0]:
                found("checkpoint", f"epoch {epoch}", "older than the export", "检查点早于导出")
        self._surplus()
        if self.log is not None:
            for epoch, part in sorted(parts.items()):
                self._whole_log(epoch, part["size"])

    @staticmethod
    def _cut(entry: Entry, parts: dict[int, Any]) -> bool:
        part = parts.get(entry.place[0])
        return isinstance(part, dict) and entry.place[1] < part["size"]

    @staticmethod
    def _kin(entry: Entry) -> set[str]:
        return {tag for tag in entry.tags if tag.startswith(("hazard:", "task:"))}

    def _surplus(self) -> None:
        """Entries that are neither of the case nor needed to check those that are."""
        acts = {entry.place for entry in (self.begun, self.closed) if entry is not None}
        for place, entry in self.entries.items():
            helps = place[1] == 0 or entry.kind == "seal" or entry.type == "terminal.enrolled.v1"
            if place not in self.listed and place not in acts and not helps:
                self.report.found("event_added", entry.words(), "does not belong to this export", "不属于本次导出")

    def _whole_log(self, epoch: int, size: int) -> None:
        """Beside the whole log: the tree over all its entries has the signed root, and no other entry names the case."""
        folder = self.log / str(self.manifest.get("authority")) / str(epoch) if self.log is not None else Path()
        if epoch not in self.heads:
            return
        total, root = self.heads[epoch]
        stack: list[tuple[int, bytes]] = []
        count = 0
        for position, data in bundles(folder, total):
            leaf = leaf_hash(data)
            if position < size and (epoch, position) not in self.listed:
                entry = Entry((epoch, position), data)
                if entry.tags & self.names:
                    self.report.found(
                        "event_left_out",
                        entry.words(),
                        "the log has it, and it names the case",
                        "日志中有此涉案记录，导出未列",
                    )
            stack.append((0, leaf))
            while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
                level, right = stack.pop()
                stack.append((level + 1, sha256(b"\x01" + stack.pop()[1] + right)))
            count += 1
        whole = stack.pop()[1] if stack else sha256(b"")
        while stack:
            whole = sha256(b"\x01" + stack.pop()[1] + whole)
        if count != total or whole != root:
            self.report.found(
                "log", str(folder), f"not the log of this checkpoint: {count} of {total} entries, or another root",
                "该目录不是此检查点的完整日志",
            )  # fmt: skip
        else:
            self.compared = True

    # (8) ------------------------------------------------------------------

    def _terminals(self) -> None:
        found = self.report.found
        keys: dict[bytes, bytes] = {}
        for entry in self.entries.values():
            if entry.type == "terminal.enrolled.v1" and entry.kind == "office":
                keys[entry.body.get("terminal", b"")] = entry.body.get("event_key", b"")
        self.covered: set[Place] = set()
        self.withheld = 0
        self.batches = 0
        mine = [entry for entry in self.entries.values() if entry.bytes]
        by_hash = {(entry.map["t"], sha256(entry.bytes)): entry for entry in mine}
        for place, seal in self.entries.items():
            if seal.kind != "seal":
                continue
            value = seal.map
            public = keys.get(value.get("t", b""))
            if public is None:
                found("terminal", seal.words(), "the enrolment of its terminal is missing", "缺少该终端的登记记录")
                continue
            if not self._seal_signed(value, public):
                found("seal", seal.words(), "the terminal's signature does not hold", "终端签名不成立")
                continue
            data = self._get(f"batches/{place[0]}/{place[1]:012d}.hashes")
            hashes = [data[at : at + 32] for at in range(0, len(data), 32)]
            if not data:
                continue
            if len(hashes) != value["c"] or sha256(data) != value["x"]:
                found(
                    "seal",
                    seal.words(),
                    "the list of its envelopes is not the one that was signed",
                    "批次清单与签名不符",
                )
                continue
            self.batches += 1
            for at, digest in enumerate(hashes):
                own = by_hash.get((value["t"], digest))
                if own is None:
                    self.withheld += 1
                    continue
                entry = own
                self.covered.add(entry.place)
                if entry.seq and entry.seq != value["f"] + at:
                    found("chain", entry.words(), "stands at another number than it says", "记录序号与所在位置不符")
                if at and entry.envelope and entry.envelope.get("prev") != hashes[at - 1]:
                    found("chain", entry.words(), "does not link to the record before it", "与前一记录不相链接")
        self.uncovered = sorted(entry.place for entry in mine if entry.place not in self.covered)
        self.field_events = len(mine)

    @staticmethod
    def _seal_signed(value: dict[str, Any], public: bytes) -> bool:
        try:
            seen = value.get("n", {"epoch": 0, "size": 0, "root": bytes(32)})
            message = b"liuhen batch v1\n" + struct.pack(">B", value["u"]) + value["t"]
            message += struct.pack(">QQ", value["f"], value["c"]) + value["x"] + value["h"]
            message += struct.pack(">QQQ", value["d"], seen["epoch"], seen["size"]) + seen["root"]
            message += value.get("o", bytes(32))
            return signed(public, value["s"], message)
        except (KeyError, TypeError, struct.error):
            return False

    # (9) ------------------------------------------------------------------

    def _evidence(self) -> None:
        found = self.report.found
        here = {}
        for name in self.files:
            match = BLOB.fullmatch(name)
            if match:
                here[match[1]] = name
                if name in self.digests and self.digests[name][0] != match[1]:
                    found(
                        "blob_changed", name, "the file does not have the digest that is its name", "证据文件摘要不符"
                    )
        declared: dict[str, int] = {}
        arrived: set[str] = set()
        for entry in self.entries.values():
            if entry.place in getattr(self, "listed", set()):
                declared.update(entry.blobs)
                digest = entry.body.get("sha256")
                if entry.type == "blob.received.v1" and isinstance(digest, bytes):
                    arrived.add(digest.hex())
        self.lacking: list[str] = []
        for digest, size in sorted(declared.items()):
            held = here.get(digest)
            if held is not None:
                if held in self.digests and self.digests[held][1] != size:
                    found("blob_changed", held, "not of the size that the event declares", "证据文件大小与申报不符")
            elif digest not in self.missing:
                found("blob_missing", digest, "an event declares this file; it is not here", "事件申报的证据文件缺失")
            elif self.missing[digest] != "damaged" and digest in arrived:
                found(
                    "blob_missing", digest, "the log says that it arrived; it is not here", "日志载明已到达，此处缺失"
                )
            else:
                self.lacking.append(f"{digest} ({self.missing[digest]})")
        for digest in sorted(set(here) - set(declared)):
            found("blob_added", here[digest], "no event of the case declares this file", "本案无事件申报此文件")
        self.present = len(set(here) & set(declared))

    # what it comes to -----------------------------------------------------

    def _words(self) -> None:
        if self.report.findings or self.begun is None:
            return
        proven, trust = self.report.proves, self.report.rests
        events = len(self.listed)
        ends = ", ".join(
            f"{name}: {size:,}" for name, size in ((self.keys[e].name, s) for e, (s, _) in self.heads.items())
        )
        proven(
            f"Each of the {events} events stands in the log byte for byte as here, under the signed checkpoint ({ends} entries).",
            f"{events} 条事件逐字节载于日志，并由已签名的检查点证明（{ends} 条）。",
        )
        made = datetime.fromtimestamp(self.begun.map["r"] / 1000, CHINA).strftime("%Y-%m-%d %H:%M:%S +08:00")
        proven(
            f"The authority wrote into its log, at {made} and before this copy left, how many events name the case, where "
            "each stands and their hashes: none of those is missing here and none was added. The log also holds the digest "
            "of the manifest: no page, file or list of this copy was changed after it was made.",
            f"该机关在本副本交出之前（{made}）已将涉案事件的条数、位置与摘要写入日志：此处既无缺漏，也无增添。日志另存有清单摘要："
            "副本作出后，其中的页面、文件、目录均未改动。",
        )
        if self.compared:
            proven(
                "Beside the whole log that you gave: it has the signed root, and no other entry of it carries a tag of the case. "
                "The copy is complete, whatever the authority says.",
                "与您提供的完整日志比对：其根与签名一致，且再无其他记录带有本案标识。无论机关如何陈述，本副本完整。",
            )
        else:
            trust(
                "That no further event names the case rests on the authority's own statement in its log. It cannot be taken "
                "back or told differently to others, and whoever holds the whole log (an auditor, the level above) can refute "
                "it: `liuhen export-log`, then verify.py with --log. Hashes alone cannot prove it without showing other cases.",
                "“再无其他涉案事件”系该机关在日志中的陈述：不能收回，也不能对他人另说一套；凡持有完整日志者（审计、上级）均可用 --log "
                "核对并推翻。若不公开其他案件，仅凭摘要无法证明此点。",
            )
        signed_events = self.field_events - len(self.uncovered)
        proven(
            f"{signed_events} of {self.field_events} field events are covered by their terminals' own signatures ({self.batches} batches). "
            f"{self.withheld} other envelopes in these batches are of other matters and are shown by their hashes alone: a "
            "court may ask for any of them, and nothing else can be produced in its place.",
            f"{self.field_events} 条现场事件中，{signed_events} 条有终端本身的签名（{self.batches} 个批次）。批次内另有 {self.withheld} 条属于其他事项，"
            "仅示摘要：法庭可要求出示，且无法以他物替代。",
        )
        if self.uncovered:
            listed = ", ".join(f"{epoch}/{position}" for epoch, position in self.uncovered[:20])
            trust(
                f"For {len(self.uncovered)} field events the terminal's signature could not be shown (forked chains): {listed}.",
                f"{len(self.uncovered)} 条现场事件未能出示终端签名（链分叉）：{listed}。",
            )
        proven(
            f"{self.present} files of evidence have the digests that the events declared.",
            f"{self.present} 个证据文件与事件申报的摘要一致。",
        )
        if self.lacking:
            trust(
                f"{len(self.lacking)} declared files are not in this copy: {'; '.join(self.lacking[:20])}.",
                f"{len(self.lacking)} 个已申报文件不在本副本中：{'；'.join(self.lacking[:20])}。",
            )
        trust(
            "When something happened is the terminal's word; when it was received is the server's. Personal values are in no "
            "copy: the log has commitments to them. Events in logs of other authorities are not covered.",
            "事件发生时间为终端所述，接收时间为服务器所记。个人信息不在副本中，日志仅存其承诺值。其他机关日志中的事件不在覆盖范围内。",
        )
        if not self.anchored:
            trust(
                "Whose log this is: compare the key below with the one that the authority publishes.",
                "日志归属：请将下列密钥与该机关公布的密钥比对。",
            )


def bundles(folder: Path, size: int) -> Iterator[tuple[int, bytes]]:
    """(position, entry) of the first `size` entries of a log in the form of C2SP tlog-tiles."""
    for index in range((size + 255) // 256):
        path, rest = f"{index % 1000:03d}", index // 1000
        while rest:
            path, rest = f"x{rest % 1000:03d}/{path}", rest // 1000
        whole = folder / "tile" / "entries" / path
        parts = [whole, *sorted((whole.parent / f"{whole.name}.p").glob("*"), key=lambda one: -int(one.name))]
        data = next((one.read_bytes() for one in parts if one.is_file()), b"")
        at = 0
        for number in range(256):
            if 256 * index + number >= size or at + 2 > len(data):
                break
            length = int.from_bytes(data[at : at + 2], "big")
            yield 256 * index + number, data[at + 2 : at + 2 + length]
            at += 2 + length


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description="Verify an exported case file. 核验导出的卷宗。")
    parser.add_argument("zip", type=Path)
    parser.add_argument("--key", action="append", default=[], help="verifier key of the log; again for another epoch")
    parser.add_argument("--log", type=Path, help="folder that `liuhen export-log` wrote: proves completeness outright")
    parser.add_argument("--lang", choices=("zh", "en"), help="language of what is printed")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    lang = arguments.lang or ("en" if (locale.getlocale()[0] or "zh").startswith("en") else "zh")
    try:
        keys = [Key(text) for text in arguments.key]
        run = Verifier(arguments.zip, keys, arguments.log)
        report = run.run()
    except (Broken, OSError) as fault:
        print(f"verify.py: {fault}", file=sys.stderr)
        return 2
    code = 1 if report.findings else 0 if run.anchored else 3
    shown = [key.text for _, key in sorted(run.keys.items())]
    if arguments.json:
        at = 0 if lang == "en" else 1
        print(json.dumps({
            "ok": code == 0, "code": code, "findings": report.findings, "keys": shown,
            "proven": [one[at] for one in report.proven], "trust": [one[at] for one in report.trust],
        }, ensure_ascii=False))  # fmt: skip
        return code
    for one in report.findings:
        print(f"✗ {one['code']}: {one['where']}: {one[lang]}")
    sections = (("Proven:", "已证明：", report.proven), ("Rests on trust:", "有赖信任：", report.trust))
    for en, zh, lines in sections:
        if lines:
            print(en if lang == "en" else zh)
            for line in lines:
                print("  - " + line[0 if lang == "en" else 1])
    print("Keys of the log:" if lang == "en" else "日志密钥：")
    for text in shown:
        print("  " + text)
    words = {
        0: ("IN ORDER", "核验通过"),
        1: ("NOT IN ORDER", "核验不通过"),
        3: ("IN ORDER IF THE KEY IS THE RIGHT ONE (give it with --key)", "如密钥无误则核验通过（请以 --key 给出密钥）"),
    }
    print(words[code][0 if lang == "en" else 1])
    return code


if __name__ == "__main__":
    sys.exit(main())
