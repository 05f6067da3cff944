"""A small server made of `schemas` alone: a real tree, real signatures, everything in memory. And a liar, where asked.

It answers enrolment, batches and head as the wire protocol says, so that terminals can be tested without the real one.
`spoil` and `spoil_signed` let a test change a receipt before or after it is signed: each lie must be caught.
"""

from __future__ import annotations

import copy
import gzip
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from backports import zstd
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import UNSET

from schemas import admission, batch, canonical, enrolment, entries, envelope, events, httpsig, merkle, notes, private
from schemas import receipt as receipts
from schemas.keys import Signer, verify_ed25519
from schemas.notes import Checkpoint, NoteSigner
from schemas.problems import Problem

AUTHORITY = "210500"
HOST = "liuhen.example"

Fields = dict[str, Any]


def now() -> int:
    return time.time_ns() // 1_000_000


class Tree:
    """Entries and the hashes of their tree."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.edge = merkle.CompactRange()

    def append(self, entry: bytes) -> int:
        index = len(self.leaves)
        leaf = merkle.leaf_hash(entry)
        self.leaves.append(entry)
        self.nodes[0, index] = leaf
        self.edge.append(leaf, lambda level, at, node: self.nodes.__setitem__((level, at), node))
        return index

    def node(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]

    @property
    def size(self) -> int:
        return len(self.leaves)

    def root(self, size: int | None = None) -> bytes:
        if size is None:
            return self.edge.root()
        return merkle.root_from_frontier(size, [self.nodes[each] for each in merkle.frontier_nodes(size)])

    def inclusion(self, index: int) -> list[bytes]:
        return merkle.inclusion_proof(index, self.size, self.node)


@dataclass
class EpochKeys:
    number: int
    log: NoteSigner
    receipt: Signer
    data: X25519PrivateKey
    leaf: bytes = b""
    tree: Tree = field(default_factory=Tree)

    @property
    def data_public(self) -> bytes:
        return self.data.public_key().public_bytes_raw()


@dataclass
class Enrolled:
    event_key: bytes
    request_key: bytes
    state: admission.TerminalState
    stored: dict[int, list[admission.Stored]] = field(default_factory=dict)
    bytes_at: dict[tuple[int, int], bytes] = field(default_factory=dict)
    seals: list[tuple[int, int, int, int]] = field(default_factory=list)  # epoch, chain, index, last
    commitments: dict[bytes, bool] = field(default_factory=dict)
    blobs: list[bytes] = field(default_factory=list)
    answer: bytes = b""


class PaperServer:
    """The server's state and answers. `watermark` and `blobs_safe` are what receipts promise."""

    def __init__(self) -> None:
        self.recovery = Signer(secrets.token_bytes(32))
        self.epochs: list[EpochKeys] = []
        self.terminals: dict[bytes, Enrolled] = {}
        self.codes: dict[str, bytes | None] = {}
        self.ids: set[bytes] = set()
        self.watermark = 0
        self.spoil: Callable[[Fields], Fields] | None = None
        self.spoil_signed: Callable[[bytes], bytes] | None = None
        self.spoil_enrolment: Callable[[Fields], Fields] | None = None
        self.refuse: Callable[[batch.Batch], Problem | None] | None = None
        self.skew = 0
        self.opened: dict[bytes, object] = {}
        self.authority_header = ""
        self.nonces: set[str] = set()
        self.begin_epoch()

    # -- the log --

    @property
    def epoch(self) -> EpochKeys:
        return self.epochs[-1]

    def begin_epoch(self, *, sign_with: Signer | None = None, previous: str | None = None) -> None:
        number = len(self.epochs) + 1
        before = self.epochs[-1] if self.epochs else None
        log = NoteSigner(f"{HOST}/{AUTHORITY}/{number}", Signer(secrets.token_bytes(32)))
        fresh = EpochKeys(number, log, Signer(secrets.token_bytes(32)), X25519PrivateKey.generate())
        said: Fields = {
            "authority": AUTHORITY, "epoch": number, "host": HOST, "data": fresh.data_public,
            "log": str(log.verifier), "receipt": fresh.receipt.public,
            "previous": previous if previous is not None else (self.note(before) if before else ""), "received": now(),
        }  # fmt: skip
        signer = sign_with or (before.log.signer if before else self.recovery)
        fresh.leaf = entries.epoch_entry(**said, sig=signer.sign(entries.epoch_message(**said)))
        fresh.tree.append(fresh.leaf)
        self.epochs.append(fresh)

    def note(self, keys: EpochKeys | None = None) -> str:
        keys = keys or self.epoch
        checkpoint = Checkpoint(keys.log.name, keys.tree.size, keys.tree.root())
        return notes.sign_checkpoint(checkpoint, keys.log)

    def snapshot(self) -> Any:
        """What a backup holds: everything but keys."""
        return copy.deepcopy((self.terminals, self.ids, self.opened)), self.note()

    def restore(self, snapshot: Any) -> None:
        """Put an old copy back and begin a new epoch, as an operator must."""
        (terminals, ids, opened), _ = snapshot
        self.terminals, self.ids, self.opened = copy.deepcopy((terminals, ids, opened))
        self.begin_epoch()

    # -- paper --

    def paper(self) -> dict[str, str]:
        code = secrets.token_hex(16)
        self.codes[code] = None
        return {
            "code": code, "host": HOST, "log": str(self.epoch.log.verifier), "recovery": self.recovery.public.hex(),
        }  # fmt: skip

    # -- enrolment --

    def enrol(self, data: bytes) -> bytes:
        request = enrolment.EnrolmentRequest.decode(data)
        if request.code not in self.codes:
            raise Problem("enrolment_code_invalid")
        enrolment.check_request(request, str(self.epoch.log.verifier))
        terminal = self.codes[request.code]
        if terminal is None:
            if any(request.event_key in {each.event_key, each.request_key} for each in self.terminals.values()):
                raise Problem("key_refused", "enrolled before")
            terminal = _uuid7()
            self.codes[request.code] = terminal
            genesis = enrolment.genesis_hash(terminal, request.event_key)
            self.terminals[terminal] = Enrolled(
                request.event_key, request.request_key, admission.TerminalState(0, genesis)
            )
            body: Fields = {
                "authority": AUTHORITY, "event_key": request.event_key, "genesis": genesis,
                "info": dict(request.info), "request_key": request.request_key, "terminal": terminal,
            }  # fmt: skip
            if request.replaces is not None:
                body["replaces"] = request.replaces
            entry = entries.office(
                about=[f"terminal:{_text(terminal)}"], body=body, id=_uuid7(), origin=terminal, version=1,
                who=entries.Who(service="enrolment", session=bytes(32), via="sync"), type="terminal.enrolled.v1",
                salt=secrets.token_bytes(16), received=now(),
            )  # fmt: skip
            index = self.epoch.tree.append(entry)
            answer: Fields = {
                "authority": AUTHORITY, "checkpoint": self.note(), "entry": entry,
                "epoch_proof": self.epoch.tree.inclusion(0), "epochs": [self.epoch.leaf], "genesis": genesis,
                "proof": {"hashes": self.epoch.tree.inclusion(index), "index": index}, "terminal": terminal, "v": 1,
            }  # fmt: skip
            if self.spoil_enrolment is not None:
                answer = self.spoil_enrolment(answer)
            self.terminals[terminal].answer = canonical.encode(answer)
        return self.terminals[terminal].answer

    # -- batches --

    def take(self, data: bytes) -> bytes:
        sent = batch.decode(data)
        known = self.terminals.get(sent.terminal)
        if known is None:
            raise Problem("unknown_terminal")
        readings = [
            envelope.take(
                envelope.read(
                    each, sent.terminal, sent.first + index, authority=AUTHORITY, epoch=self.epoch.number,
                    lookup=events.lookup,
                )
            )
            for index, each in enumerate(sent.envelopes)
        ]  # fmt: skip
        hashes = [each.hash for each in readings]
        if not verify_ed25519(known.event_key, sent.sig, batch.message_of(sent, hashes)):
            raise Problem("bad_signature")
        if self.refuse is not None and (problem := self.refuse(sent)) is not None:
            raise problem
        stored = {seq: known.stored[seq] for seq in range(sent.first - 1, sent.last + 1) if seq in known.stored}
        offer = admission.Offer(
            sent.terminal, sent.first, readings, sent.declared, sent.lost, sent.head, sent.seen, self._split(sent)
        )
        done = admission.admit(known.state, offer, stored, self.ids)
        chain = self._write(known, sent, readings, done, hashes)
        known.state = done.state
        self._take_private(known, sent)
        return self._receipt(known, sent, done, chain)

    def _split(self, sent: batch.Batch) -> bool:
        if sent.seen is UNSET:
            return False
        if sent.seen.epoch > len(self.epochs):
            return True
        tree = self.epochs[sent.seen.epoch - 1].tree
        return sent.seen.size > tree.size or tree.root(sent.seen.size) != sent.seen.root

    def _write(
        self, known: Enrolled, sent: batch.Batch, readings: Any, done: admission.Admission, hashes: list[bytes]
    ) -> int:
        tree, received, chain = self.epoch.tree, now(), known.state.chain
        for index, result in enumerate(done.results):
            seq = sent.first + index
            if isinstance(result, admission.Known):
                chain = result.stored.chain
                continue
            chain = result.chain
            data = sent.envelopes[index]
            if result.branch is None:
                entry = entries.field(data, sent.terminal, received)
            else:
                entry = entries.branch(result.branch, data, seq, sent.terminal, received)
            position = tree.append(entry)
            bits = envelope.notes_to_bits(result.notes)
            row = admission.Stored(chain, hashes[index], position, self.epoch.number, bits)
            known.stored.setdefault(seq, []).append(row)
            for h in readings[index].private:
                known.commitments.setdefault(h, False)
            known.blobs += readings[index].blobs
        if done.seal:
            head = hashes[-1] if hashes else sent.head
            assert head is not UNSET
            index = tree.append(
                entries.seal(
                    count=len(hashes), declared=sent.declared, first=sent.first, head=head, seen=sent.seen,
                    lost=batch.lost_hash(sent.lost), sig=sent.sig, terminal=sent.terminal, suite=sent.suite,
                    envs=batch.envs_hash(hashes), received=received,
                )
            )  # fmt: skip
            known.seals.append((self.epoch.number, chain, index, sent.last))
        for kind, body in done.incidents:
            tree.append(entries.incident(kind, body, sent.terminal, secrets.token_bytes(16), received))
        return chain

    def _take_private(self, known: Enrolled, sent: batch.Batch) -> None:
        held = {private.key_tag(each.data_public): each.data.private_bytes_raw() for each in self.epochs}
        for item in () if sent.private is UNSET else sent.private:
            if item.h in known.commitments:
                try:
                    self.opened[item.h] = private.open_sealed(item.c, item.h, held).value
                except private.SealRefused:
                    continue
                known.commitments[item.h] = True

    def _receipt(self, known: Enrolled, sent: batch.Batch, done: admission.Admission, chain: int) -> bytes:
        keys = self.epoch
        results = []
        for index, result in enumerate(done.results):
            seq = sent.first + index
            line: Fields = {"seq": seq}
            if isinstance(result, admission.Known):
                row, line["outcome"] = result.stored, "duplicate"
            else:
                row = known.stored[seq][-1]
                line["outcome"] = "recorded" if result.branch is None else "forked"
            line["position"] = row.position
            if row.epoch != keys.number:
                line["epoch"] = row.epoch
            if row.note_bits:
                line["notes"] = list(envelope.notes_from_bits(row.note_bits))
            results.append(line)
        fields: Fields = {
            "blobs_safe": 0, "checkpoint": self.note(), "durable": "committed",
            "head": {"hash": done.state.hash, "seq": done.state.seq}, "missing": known.blobs[:1000],
            "missing_private": [h for h, there in known.commitments.items() if not there][:1000],
            "received": now() + self.skew, "results": results, "suite": 1, "terminal": sent.terminal, "v": 1,
            "watermark": self.watermark,
        }  # fmt: skip
        seen = sent.seen
        if seen is UNSET or seen.epoch != keys.number:
            after = keys.number - 1 if seen is UNSET else seen.epoch
            fields["epochs"] = [each.leaf for each in self.epochs[after:]]
            fields["epoch_proof"] = keys.tree.inclusion(0)
        elif seen.size < keys.tree.size and keys.tree.root(seen.size) == seen.root:
            fields["consistency"] = merkle.consistency_proof(seen.size, keys.tree.size, keys.tree.node)
        mine = [each for each in known.seals if each[0] == keys.number and each[1] == chain]
        covering = [each for each in mine if each[3] >= sent.last] or mine
        if covering:
            index = covering[-1][2]
            fields["seal"] = keys.tree.leaves[index]
            fields["proof"] = {"hashes": keys.tree.inclusion(index), "index": index}
        if self.spoil is not None:
            fields = self.spoil(fields)
        data = receipts.build(fields, keys.receipt.sign)
        return data if self.spoil_signed is None else self.spoil_signed(data)

    # -- HTTP --

    def application(self) -> web.Application:
        application = web.Application(client_max_size=batch.MAX_BODY)
        application.router.add_post("/sync/v1/terminals", self._on_enrol)
        application.router.add_post("/sync/v1/batches", self._on_batch)
        application.router.add_get("/sync/v1/head", self._on_head)
        return application

    async def _on_enrol(self, request: web.Request) -> web.Response:
        return await self._answer(request, self.enrol)

    async def _on_batch(self, request: web.Request) -> web.Response:
        return await self._answer(request, self.take)

    async def _on_head(self, request: web.Request) -> web.Response:
        try:
            fields = httpsig.combine_fields((name, value) for name, value in request.headers.items())
            claim = httpsig.parse_signature(fields)
            known = self.terminals[claim.terminal]
            httpsig.verify_request(
                claim, public=known.request_key, method="GET", authority=self.authority_header,
                path=request.path, query=request.query_string, fields=fields, body_sha256=None,
                now_ms=now() + self.skew,
            )  # fmt: skip
        except httpsig.SignatureRefused as refused:
            return _problem(Problem(refused.code, str(refused), now=now() + self.skew))
        value = {
            "declared": known.state.declared, "head": {"hash": known.state.hash, "seq": known.state.seq},
            "held": known.state.held, "limits": {}, "missing": [], "missing_private": [], "now": now() + self.skew,
        }  # fmt: skip
        return web.Response(body=canonical.encode(value), content_type="application/msgpack")

    async def _answer(self, request: web.Request, answer: Callable[[bytes], bytes]) -> web.Response:
        body = await request.content.read(-1)
        try:
            match request.headers.get("Content-Encoding", ""):
                case "zstd":
                    body = zstd.decompress(body)
                case "gzip":
                    body = gzip.decompress(body)
            return web.Response(body=answer(body), content_type="application/msgpack")
        except Problem as problem:
            return _problem(problem)


@asynccontextmanager
async def serving(server: PaperServer) -> AsyncIterator[str]:
    """The server on a free port of the loopback; gives its address."""
    runner = web.AppRunner(server.application(), access_log=None, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.authority_header = f"{host}:{port}"
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def _problem(problem: Problem) -> web.Response:
    return web.Response(
        status=problem.type.status, body=canonical.encode(problem.body("en")), content_type="application/msgpack"
    )


def _uuid7() -> bytes:
    raw = bytearray(now().to_bytes(6, "big") + secrets.token_bytes(10))
    raw[6], raw[8] = 0x70 | raw[6] & 15, 0x80 | raw[8] & 63
    return bytes(raw)


def _text(value: bytes) -> str:
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
