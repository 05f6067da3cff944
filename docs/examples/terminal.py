"""A terminal in a hundred lines: enrol, record, upload, and believe nothing that is not proven.

    python terminal.py http://127.0.0.1:8080 paper.json      (paper.json: what `liuhen enrol-code --json` printed)

Needs the packages msgpack and cryptography, nothing else. A real terminal keeps keys and envelopes on disk before it
sends them, follows new epochs, and checks consistency with the last checkpoint; docs/terminal.en.md says how.
"""
# ruff: noqa: S310, T201

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def must(holds: bool, what: str) -> None:  # not `assert`, which `python -O` leaves out
    if not holds:
        raise SystemExit(f"not so: {what}")


def verify(key: bytes, signature: bytes, message: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)  # raises InvalidSignature


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def ordered(value: Any) -> Any:  # keys in ascending order at every level (section 1)
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def encode(value: Any) -> bytes:
    return msgpack.packb(ordered(value), use_bin_type=True)


def post(url: str, value: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/msgpack", "Accept": "application/msgpack"}
    with urllib.request.urlopen(urllib.request.Request(url, encode(value), headers), timeout=30) as answer:
        return msgpack.unpackb(answer.read())


def included(entry: bytes, proof: dict[str, Any], size: int, root: bytes) -> bool:  # RFC 9162, 2.1.3.2
    node, index, last = sha(b"\0", entry), proof["index"], size - 1
    for sibling in proof["hashes"]:
        if last == 0:
            return False
        if index & 1 or index == last:
            node = sha(b"\1", sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha(b"\1", node, sibling)
        index, last = index >> 1, last >> 1
    return 0 <= proof["index"] < size and last == 0 and node == root


def open_checkpoint(note: str, log: str) -> tuple[int, bytes]:  # size and root that the log key signed (section 5)
    name, key_id, key = log.split("+", 2)
    text, _, signatures = note.partition("\n\n")
    line = next(each for each in signatures.splitlines() if each.startswith(f"— {name} "))
    blob = base64.b64decode(line.split(" ")[2])
    must(blob[:4].hex() == key_id, "the checkpoint is signed by the key from paper")
    verify(base64.b64decode(key)[1:], blob[4:], f"{text}\n".encode())
    origin, size, root = text.splitlines()[:3]
    must(origin == name, "the checkpoint is of the log from paper")
    return int(size), base64.b64decode(root)


def main(url: str, paper: dict[str, str]) -> None:
    event, request = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    event_key, request_key = (key.public_key().public_bytes_raw() for key in (event, request))
    # Enrol (section 6): both keys sign the code, the keys, and the log key from paper.
    asked = {"event_key": event_key, "info": {"model": "example"}, "request_key": request_key, "suite": 1, "v": 1}
    message = b"liuhen enrol v1\n\1" + sha(paper["code"].encode()) + event_key + request_key + bytes(16)
    message += sha(encode(asked["info"])) + sha(paper["log"].encode())
    asked |= {"code": paper["code"], "sig": event.sign(message), "sig_request": request.sign(message)}
    answer = post(f"{url}/sync/v1/terminals", asked)
    must(len(answer["epochs"]) == 1, "one epoch (this example follows no new ones)")
    epoch = msgpack.unpackb(answer["epochs"][0])
    must(epoch["keys"]["log"] == paper["log"], "the log has the key from paper")
    size, root = open_checkpoint(answer["checkpoint"], paper["log"])
    leaf_0 = {"hashes": answer["epoch_proof"], "index": 0}
    must(included(answer["epochs"][0], leaf_0, size, root), "the epoch is leaf 0")
    must(included(answer["entry"], answer["proof"], size, root), "the enrolment is in the log")
    enrolled, terminal = msgpack.unpackb(answer["entry"])["b"], answer["terminal"]
    prev = sha(b"liuhen terminal v1\n", terminal, event_key)
    said = (enrolled["event_key"], enrolled["terminal"], enrolled["genesis"])
    must(said == (event_key, terminal, prev), "the log enrolled these keys under this id")
    print("enrolled", terminal.hex())
    # Record three facts (section 2): each envelope holds the hash of the one before.
    envelopes, hashes = [], []
    for seq in (1, 2, 3):
        at, r = time.time_ns() // 1_000_000, os.urandom(10)
        uuid7 = at.to_bytes(6, "big") + bytes([0x70 | r[0] & 15, r[1], 0x80 | r[2] & 63]) + r[3:]
        envelope = {
            "about": ["enterprise:E-0001", "task:T-0001"], "at": at, "body": {"note": f"第 {seq} 次"},
            "by": ["officer-0017"], "id": uuid7, "occurred": at, "prev": prev, "salt": os.urandom(16), "seq": seq,
            "terminal": terminal, "type": "site.entered.v1", "v": 1,
        }  # fmt: skip
        envelopes.append(encode(envelope))
        prev = sha(envelopes[-1])
        hashes.append(prev)
    # Upload (section 3). Sent twice it would be recorded once: after a lost answer, just send it again.
    message = b"liuhen batch v1\n" + struct.pack(">B16sQQ", 1, terminal, 1, 3) + sha(*hashes) + hashes[-1]
    signature = event.sign(message + struct.pack(">Q", 3) + bytes(80))  # neither `seen` nor `lost`: zeros
    batch = {"declared": 3, "envelopes": envelopes, "first": 1, "sig": signature}
    receipt = post(f"{url}/sync/v1/batches", batch | {"suite": 1, "terminal": terminal, "v": 1})
    # Check the receipt (section 3.2), in this order.
    must((receipt["terminal"], receipt["suite"], receipt["v"]) == (terminal, 1, 1), "the receipt is for us")
    unsigned = encode({key: value for key, value in receipt.items() if key != "sig"})
    verify(epoch["keys"]["receipt"], receipt["sig"], b"liuhen receipt v1\n" + sha(unsigned))
    size, root = open_checkpoint(receipt["checkpoint"], paper["log"])
    must([each["seq"] for each in receipt["results"]] == [1, 2, 3], "one result for each envelope")
    must(all(each["position"] < size for each in receipt["results"]), "each stands in the log")
    must(included(receipt["seal"], receipt["proof"], size, root), "the seal is in the log")
    seal = msgpack.unpackb(receipt["seal"])
    must((seal["s"], seal["t"], seal["h"]) == (signature, terminal, hashes[-1]), "the seal is our own signature")
    must(receipt["head"] == {"hash": hashes[-1], "seq": 3}, "the server's head is our own")
    print("proven up to", seal["f"] + seal["c"] - 1, "- may be deleted up to", receipt["watermark"])


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), json.loads(Path(sys.argv[2]).read_text("utf-8")))
