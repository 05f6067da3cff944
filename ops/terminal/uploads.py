"""Files on their way to the server: tus 1.0.0, every request signed, resumed wherever the server says that it stands.

A file that a record declares is sent in chunks; after a cut the server is asked how much came, and what came counts.
Where an upload stands is remembered in the queue, so another process goes on with it. Invariant: an answer here is a
hint like any that nobody signs; a file counts as handed over only when a receipt no longer names it as missing.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from ops.terminal import trust
from ops.terminal.client import NO_ANSWER, Client, Refused, refusal, seconds
from ops.terminal.queue_file import File
from ops.terminal.transport import Answer, NoAnswer, authority_of
from schemas import httpsig

PATH: Final = "/evidence/v1/uploads"
STREAM: Final = "application/offset+octet-stream"
CHUNK: Final = 1024 * 1024
"""Bytes of one request: a cut costs at most what of one chunk did not come."""
_UPLOAD: Final = re.compile(rf"(?:https?://[^/]+)?({PATH}/[0-9A-Za-z-]{{1,64}})", re.ASCII)
BEGIN_ANEW: Final = frozenset(("not_found", "digest_mismatch", "http_404", "http_410", "http_415", "http_460"))
"""Expired, or other bytes came than were sent: from the beginning, if the file is still what it was."""
GONE: Final = "file_gone"
CHANGED: Final = "file_changed"
MAX_ANEW: Final = 3
"""How often one file is begun anew, when the server found other bytes or forgot the upload."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A file that was not taken: its path, the code of the refusal, and what it said."""

    path: str
    code: str
    detail: str


@dataclass(slots=True)
class Report:
    """What one run did: files handed over, files gone on with, bytes sent, requests without an answer, refusals."""

    files: int = 0
    resumed: int = 0
    sent: int = 0
    cuts: int = 0
    refused: list[Turned] = field(default_factory=list)
    left: int = 0


Progress = Callable[[int], None]
"""Told how many bytes of all files together the server has."""


class Uploads:
    """The files of one terminal. `client` is the conversation with its server."""

    def __init__(self, client: Client, *, chunk: int = CHUNK) -> None:
        self._client = client
        self._queue = client.queue
        self._chunk = chunk
        self._offset: int | None = None

    async def run(self, on_progress: Progress | None = None) -> Report:
        """Hand over every declared file that the server is not known to hold. Never raises for server or network.

        Ends early when patience is at its end; the next run goes on where this one stopped.
        """
        report = Report()
        with self._queue.talking():
            files = {file.sha256: file for _, file in self._queue.missing_blobs()}
            before = 0
            for file in files.values():
                step = None if on_progress is None else _behind(on_progress, before)
                try:
                    await self._hand_over(file, report, step)
                except Refused as refused:
                    report.refused.append(Turned(file.path, refused.code, refused.detail))
                    if refused.code in ("revoked", NO_ANSWER):
                        break
                else:
                    report.files += 1
                before += file.size
        report.left = len(files) - report.files
        return report

    async def _hand_over(self, file: File, report: Report, on_progress: Progress | None) -> None:
        """One file, whole. Raises Refused for what patience does not mend."""
        path = Path(file.path)
        where = self._queue.upload_of(file.sha256)
        media_type, offset, failures, anew = file.type, None, 0, 0
        report.resumed += where is not None
        while True:
            try:
                if where is None:
                    _same_file(path, file)
                    answer = await self._create(file, media_type)
                    where, offset = _location(answer), _offset(answer)
                    if offset < file.size:
                        self._queue.remember_upload(file.sha256, where)
                elif offset is None:
                    offset = _offset(await self._request("HEAD", where, {}, None))
                if on_progress is not None:
                    on_progress(offset)
                if offset >= file.size:
                    self._queue.remember_upload(file.sha256, None)
                    return
                data = await asyncio.to_thread(_read, path, offset, self._chunk)
                report.sent += len(data)
                offset = _offset(await self._append(where, offset, data))
                failures = 0
            except NoAnswer as fault:
                report.cuts += 1
                failures, offset = failures + 1, None
                await self._wait(failures, 0.0, NO_ANSWER, str(fault))
            except Refused as refused:
                found = refused.fields.get("found")
                if refused.code == "offset_mismatch" or _delivered_twice(refused):
                    failures, offset = failures + 1, None
                    await self._wait(failures, 0.0, refused.code, refused.detail)
                elif refused.code in BEGIN_ANEW and where is not None:
                    self._queue.remember_upload(file.sha256, None)
                    where, offset, anew = None, None, anew + 1
                    if anew > MAX_ANEW:
                        raise
                elif refused.code == "type_mismatch" and isinstance(found, str) and media_type != found:
                    # The record says one thing and the bytes another: both are kept, and the difference can be seen.
                    self._queue.remember_upload(file.sha256, None)
                    media_type, where, offset = found, None, None
                elif refused.retry == "later" or refused.code == "conflict":
                    failures, offset = failures + 1, None
                    await self._wait(failures, seconds(refused.fields.get("retry_after")), refused.code, refused.detail)
                else:
                    raise

    async def _wait(self, failures: int, asked: float, code: str, detail: str) -> None:
        patience, world = self._client.patience, self._client.world
        if failures >= patience.tries:
            raise Refused(code, "later", detail, {})
        await world.sleep(patience.pause(failures, asked, world.jitter()))

    async def _create(self, file: File, media_type: str) -> Answer:
        pairs = {"sha256": file.sha256.hex(), "type": media_type}
        headers = {
            "Upload-Length": str(file.size),
            "Upload-Metadata": ",".join(f"{key} {_base64(value)}" for key, value in pairs.items()),
        }
        return await self._request("POST", PATH, headers, None)

    async def _append(self, where: str, offset: int, data: bytes) -> Answer:
        headers = {"Upload-Offset": str(offset), "Content-Length": str(len(data))}
        return await self._request("PATCH", where, headers, data)

    async def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """A signed request; a clock that is off is corrected for the signature, once. Raises Refused, NoAnswer."""
        answer = await self._signed(method, path, headers, body, None)
        if answer.status == 401:
            refused = refusal(answer)
            now = refused.fields.get("now")
            if refused.code != "clock_skew" or type(now) is not int:
                raise refused
            answer = await self._signed(method, path, headers, body, now)
        if answer.status not in (200, 201, 204):
            raise refusal(answer)
        return answer

    async def _signed(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, now: int | None
    ) -> Answer:
        client = self._client
        state = self._queue.state
        signature = httpsig.sign_request(
            method=method,
            authority=authority_of(state.url),
            path=path,
            query="",
            key_id=trust.id_text(state.id),
            signer=client.keys.request,
            created=(client.world.tick().wall if now is None else now) // 1000,
            nonce=client.world.entropy(16).hex() if method == "POST" else None,
            extra=headers,
        )
        sent = {
            "Accept": "application/msgpack",
            "Accept-Language": client.language,
            "Tus-Resumable": "1.0.0",
            **({"Content-Type": STREAM} if body is not None else {}),
            **headers,
            **signature,
        }
        return await client.transport.send(method, path, sent, body)


def _delivered_twice(refused: Refused) -> bool:
    """Whether the network delivered one request twice: the first delivery counts, the next try is signed anew."""
    return refused.code == "bad_signature" and refused.fields.get("nonce") == "used"


def _behind(on_progress: Progress, before: int) -> Progress:
    return lambda offset: on_progress(before + offset)


def _offset(answer: Answer) -> int:
    """Where the server says that the upload stands. Raises NoAnswer: an answer without it is none."""
    text = answer.headers.get("upload-offset", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise NoAnswer("the answer has no Upload-Offset")
    return int(text)


def _location(answer: Answer) -> str:
    """The path of the upload on the same server. Raises NoAnswer for anything else: signatures are for one server."""
    found = _UPLOAD.fullmatch(answer.headers.get("location", ""))
    if found is None:
        raise NoAnswer("the answer names no upload of this server")
    return found[1]


def _read(path: Path, offset: int, length: int) -> bytes:
    try:
        with path.open("rb") as handle:
            handle.seek(offset)
            data = handle.read(length)
    except OSError as fault:
        raise Refused(GONE, "after_fix", f"the file cannot be read: {fault.strerror}", {}) from None
    if not data:
        raise Refused(CHANGED, "after_fix", "the file is shorter than the record says", {})
    return data


def _same_file(path: Path, file: File) -> None:
    """Refuse before the first byte what the server would refuse behind the last one."""
    machine = sha256()
    try:
        with path.open("rb") as handle:
            while block := handle.read(CHUNK):
                machine.update(block)
    except OSError as fault:
        raise Refused(GONE, "after_fix", f"the file cannot be read: {fault.strerror}", {}) from None
    if machine.digest() != file.sha256:
        raise Refused(CHANGED, "after_fix", "the file is no longer the one that the record declares", {})


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
