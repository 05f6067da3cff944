#!/usr/bin/env python3
"""Verify a published record without the site that published it: one file, Python 3.9 or newer, nothing to install.

    python3 verify_record.py RECORD.proof.json [--key "KEY FROM PAPER"]
    python3 verify_record.py SHA256SUMS.note --sums --key "KEY FROM PAPER"

Four lines say what was shown; the first that does not fit is named and the exit code is 1. 核验公示记录：四行结果说明核验了
什么；有不符之处时指出并以退出码 1 结束。
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import pathlib
import sys
from typing import Any, Optional, Tuple

OUTCOMES = ("published", "corrected", "withdrawn", "expired")


class Broken(Exception):
    """A step fails; (English, Chinese)."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def text64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise Broken(f"{what} is not base64", f"{what} 不是 base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise Broken(f"{what} is not canonical base64", f"{what} 不是规范 base64")
    return data


# -- the entry: a canonical MessagePack map {h, i, k, o, r, v} --


class Reader:
    """Bytes that are read from the front; what is cut off or of another form is Broken."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, count: int) -> bytes:
        if count > len(self.rest):
            raise Broken("the entry is cut off", "条目不完整")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def text(self) -> str:
        head = self.take(1)[0]
        if not 0xA0 <= head <= 0xBF:
            raise OTHER_FORM
        return self.take(head & 0x1F).decode("utf-8")

    def binary(self, length: int) -> bytes:
        if self.take(2) != bytes((0xC4, length)):
            raise OTHER_FORM
        return self.take(length)

    def number(self) -> int:
        head = self.take(1)[0]
        if head < 0x80:
            return head
        size = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}.get(head)
        if size is None:
            raise OTHER_FORM
        value = int.from_bytes(self.take(size), "big")
        if value < {1: 128, 2: 256, 4: 1 << 16, 8: 1 << 32}[size]:
            raise Broken("a number of the entry is not in its shortest form", "条目中的整数不是最短编码")
        return value


OTHER_FORM = Broken("the entry is not of the form of a disclosure entry", "条目不是公示条目的格式")


def read_entry(data: bytes) -> dict[str, Any]:
    reader = Reader(data)
    if reader.take(1)[0] != 0x86:
        raise OTHER_FORM
    found: dict[str, Any] = {}
    for key in ("h", "i", "k", "o", "r", "v"):
        if reader.text() != key:
            raise OTHER_FORM
        if key in ("h", "i"):
            found[key] = reader.binary(32 if key == "h" else 16)
        else:
            found[key] = reader.text() if key in ("k", "o") else reader.number()
    if reader.rest or found["k"] != "disclosure" or found["v"] != 1 or found["o"] not in OUTCOMES:
        raise OTHER_FORM
    return found


# -- Ed25519 (RFC 8032, section 5.1.7), slow and short --

Point = Tuple[int, int, int, int]
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(one: Point, two: Point) -> Point:
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, two
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    out: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            out = add(out, point)
        point = add(point, point)
        number >>= 1
    return out


def point_of(data: bytes) -> Optional[Point]:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 0, 0, 0)


def signed(public: bytes, signature: bytes, message: bytes) -> bool:
    if len(signature) != 64:
        return False
    a, r, s = point_of(public), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# -- the steps --


def check_document(proof: dict[str, Any]) -> Any:
    entry = read_entry(text64(proof["entry"], "entry"))
    record = entry["i"].hex()
    record = "-".join((record[:8], record[8:12], record[12:16], record[16:20], record[20:]))
    if record != proof["record"] or entry["o"] != proof["outcome"]:
        raise Broken("the entry is of another record or outcome", "条目属于另一条记录或另一种结果")
    salt, document = bytes.fromhex(proof["salt"]), proof["document"].encode("utf-8")
    if (
        len(salt) != 32
        or salt.hex() != proof["salt"]
        or sha256(b"liuhen disclosure v1\n" + salt + document) != entry["h"]
    ):
        raise Broken(
            "the document or its salt was changed: they do not hash to what the entry commits to",
            "文档或盐值被改动：其哈希与条目的承诺不符",
        )
    told = json.loads(document)
    if told["record"] != record or told["outcome"] != entry["o"]:
        raise Broken("the document is of another record or outcome", "文档属于另一条记录或另一种结果")
    return told


def check_inclusion(proof: dict[str, Any]) -> tuple[str, int, int]:
    lines = proof["checkpoint"].split("\n")
    if len(lines) < 5 or not lines[1].isdigit() or str(int(lines[1])) != lines[1]:
        raise Broken("the checkpoint is malformed", "检查点格式不符")
    origin, size, root, index = lines[0], int(lines[1]), text64(lines[2], "root"), proof["index"]
    if not isinstance(index, int) or not 0 <= index < size:
        raise Broken("the place lies outside the tree", "位置在树之外")
    node, last, value = index, size - 1, sha256(b"\x00" + text64(proof["entry"], "entry"))
    for each in proof["hashes"]:
        other = text64(each, "hash")
        if last == 0 or len(other) != 32:
            raise Broken("the path is too long", "证明路径过长")
        if node & 1 or node == last:
            value = sha256(b"\x01" + other + value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = sha256(b"\x01" + value + other)
        node, last = node >> 1, last >> 1
    if last or value != root:
        raise Broken(
            "the entry or a hash of the proof was changed: they do not lead to the root of the checkpoint",
            "条目或证明中的哈希被改动：不能得到检查点的树根",
        )
    return origin, index, size


def check_note(key: str, note: str) -> str:
    """The text of a note that the key signed."""
    name, key_id, encoded = key.split("+", 2)
    material = text64(encoded, "key")
    if len(material) != 33 or material[0] != 1 or sha256(name.encode() + b"\n" + material)[:4].hex() != key_id:
        raise Broken("the key is malformed, or its number does not belong to it", "公钥格式不符，或编号不属于它")
    text, _, block = note.rpartition("\n\n")
    text += "\n"
    if not block.endswith("\n"):
        raise Broken("the note is malformed", "签名便笺格式不符")
    found = False
    for line in block[:-1].split("\n"):
        dash, signer, encoded = [*line.split(" ", 2), "", ""][:3]
        data = text64(encoded, "signature")
        if dash != "\u2014":
            raise Broken("the note is malformed", "签名便笺格式不符")
        if signer == name and data[:4].hex() == key_id:
            if not signed(material[1:], data[4:], text.encode("utf-8")):
                raise Broken("what was signed was changed, or the signature forged", "内容被改动或签名系伪造")
            found = True
    if not found:
        raise Broken("it is not signed by the key", "没有该公钥的签名")
    return text


def check_signature(proof: dict[str, Any]) -> None:
    text = check_note(proof["key"], proof["checkpoint"])
    if text.split("\n")[0] != proof["key"].split("+")[0]:
        raise Broken("the checkpoint is of another log than the key", "检查点与公钥不属于同一日志")


def check_sums(place: pathlib.Path, key: str) -> None:
    """Digests of bulk files: the signature, and each file that lies beside the list."""
    text = check_note(key, place.read_text("utf-8"))
    print("ok  signature: the key signed this list of digests  密钥签署了该摘要清单")
    for line in text[:-1].split("\n"):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name or "/" in name or name.startswith("."):
            raise Broken("this is no list of digests", "不是摘要清单")
        file = place.with_name(name)
        if not file.exists():
            print(f"--  {name}: not here  未下载")
        elif sha256(file.read_bytes()).hex() != digest:
            raise Broken(f"{name} is not the file that was signed for", f"{name} 与签署的摘要不符")
        else:
            print(f"ok  {name}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify a published record offline. 离线核验公示记录。")
    parser.add_argument("file", help="what “Everything as JSON” on the record's page gives")
    parser.add_argument("--key", help="the log's key as the authority gives it out on paper")
    parser.add_argument("--sums", action="store_true", help="the file is SHA256SUMS.note, beside what was downloaded")
    given = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    if given.sums:
        try:
            check_sums(pathlib.Path(given.file), (given.key or "").strip())
        except Broken as fault:
            print(f"BROKEN  {fault.args[0]}  {fault.args[1]}")
            return 1
        except (ValueError, OSError) as fault:
            print(f"BROKEN  the file or the key is malformed ({type(fault).__name__})  文件或公钥格式不符")
            return 1
        return 0
    proof = json.loads(pathlib.Path(given.file).read_text("utf-8"))
    try:
        document = check_document(proof)
        print("ok  document: it is the one that the entry commits to  文档与条目的承诺一致")
        origin, index, size = check_inclusion(proof)
        print(f"ok  place: entry {index} of {size} of {origin}  条目在日志之中")
        check_signature(proof)
        print("ok  signature: the log's key signed that checkpoint  日志密钥签署了该检查点")
        if given.key is None:
            print(f"!!  key: compare it with the one on paper  请与纸质公钥比对: {proof['key']}")
        elif given.key.strip() != proof["key"]:
            raise Broken("the key is not the one from paper", "公钥与纸上的不同")
        else:
            print("ok  key: it is the one from paper  公钥与纸上的一致")
    except Broken as fault:
        print(f"BROKEN  {fault.args[0]}  {fault.args[1]}")
        return 1
    except (KeyError, ValueError, TypeError, AttributeError, UnicodeError) as fault:
        print(f"BROKEN  the file is malformed ({type(fault).__name__})  文件格式不符")
        return 1
    print(json.dumps(document, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
