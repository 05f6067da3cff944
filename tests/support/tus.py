"""tus for tests: requests that a paper terminal signs, one by one, and files to upload.

Tus      create, head, patch, delete at one server, as one terminal; nothing is repeated by itself
picture  bytes of any size that begin as a picture does
declare  a batch with one envelope that declares files
"""

from __future__ import annotations

import base64
import io
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import Any

from schemas import canonical, httpsig
from tests.support.log import PaperTerminal
from tests.support.server import Answer, Bureau, Door, uuid_text

PATH = "/evidence/v1/uploads"
STREAM = "application/offset+octet-stream"


def picture(size: int) -> bytes:
    """`size` random bytes that begin as a JPEG does."""
    return b"\xff\xd8\xff\xe0" + secrets.token_bytes(size - 4)


def metadata(**pairs: str) -> str:
    """The value of Upload-Metadata."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def announced(data: bytes, **more: str) -> str:
    """Upload-Metadata of a picture."""
    return metadata(**{"sha256": sha256(data).hexdigest(), "type": "image/jpeg", **more})


def checksum(data: bytes) -> str:
    """An Upload-Checksum."""
    return f"sha1 {base64.b64encode(sha1(data, usedforsecurity=False).digest()).decode()}"


def declare(terminal: PaperTerminal, *files: bytes, **changes: Any) -> Any:
    """A batch of one envelope that declares files as pictures."""
    blobs = sorted(({"sha256": sha256(f).digest(), "size": len(f), "type": "image/jpeg"} for f in files), key=str)
    return terminal.batch([terminal.envelope(blobs=blobs, **changes)])


@dataclass
class Tus:
    """One terminal's way to the uploads of a server."""

    at: Door
    terminal: PaperTerminal

    def sign(self, method: str, path: str, headers: Mapping[str, str], covered: tuple[str, ...] = ()) -> dict[str, str]:
        signature = httpsig.sign_request(
            method=method, authority=self.at.url.removeprefix("http://"), path=path, query="",
            key_id=uuid_text(self.terminal.id), signer=self.terminal.request, created=int(time.time()),
            nonce=secrets.token_hex(16) if method == "POST" else None,
            extra={name: headers[name] for name in covered if name in headers},
        )  # fmt: skip
        return {"Tus-Resumable": "1.0.0", "Accept": "application/json", **headers, **signature}

    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        covered: tuple[str, ...] = (),
    ) -> Answer:
        sent = self.sign(method, path, headers, covered)
        data = None if body is None else io.BytesIO(body)
        async with self.at.session.request(method, self.at.url + path, headers=sent, data=data) as response:
            return Answer(response.status, await response.read(), dict(response.headers))

    async def create(
        self, data: bytes, first: bytes | None = None, *, length: int | None = None, meta: str | None = None,
        **headers: str,
    ) -> Answer:  # fmt: skip
        """POST; with `first` its body holds the first bytes."""
        fields = {
            "Upload-Length": str(len(data) if length is None else length),
            "Upload-Metadata": announced(data) if meta is None else meta,
            "Content-Length": str(len(first or b"")),
            **({"Content-Type": STREAM} if first is not None else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await self.send("POST", PATH, fields, first, ("Upload-Length", "Upload-Metadata", "Content-Length"))

    async def patch(self, where: str, offset: int, data: bytes, **headers: str) -> Answer:
        fields = {
            "Upload-Offset": str(offset), "Content-Length": str(len(data)), "Content-Type": STREAM,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }  # fmt: skip
        return await self.send("PATCH", where, fields, data, ("Upload-Offset", "Content-Length"))

    async def offset(self, where: str) -> int:
        answer = await self.send("HEAD", where, {})
        assert answer.status == 200, answer.status
        return int(answer.headers["Upload-Offset"])

    async def upload(self, data: bytes, meta: str | None = None) -> Answer:
        """Create and send everything; the last answer."""
        made = await self.create(data, meta=meta)
        if made.status != 201 or int(made.headers["Upload-Offset"]) == len(data):
            return made
        return await self.patch(made.headers["Location"], 0, data)

    async def missing(self) -> set[bytes]:
        """What the server says that it lacks of this terminal."""
        told: Any = canonical.decode((await self.at.head(self.terminal)).body)
        return set(told["missing"])


async def blob_rows(place: Bureau) -> dict[bytes, int]:
    """digest -> size of every row of a blob."""
    connection = await place.connect()
    try:
        rows = await connection.fetch("SELECT digest, size FROM evidence.blobs")
        return {bytes(row["digest"]): row["size"] for row in rows}
    finally:
        await connection.close()


def blob_files(place: Bureau) -> dict[bytes, bytes]:
    """digest by name -> digest of the bytes, of every finished file in the folder."""
    found = {}
    for path in (place.data / "evidence").glob("sha256/*/*/*"):
        with path.open("rb") as handle:
            machine = sha256()
            while block := handle.read(1 << 20):
                machine.update(block)
        found[bytes.fromhex(path.name)] = machine.digest()
    return found


async def check_blobs(place: Bureau) -> int:
    """No row without its blob, and every blob has the digest that it is called by; returns how many rows there are."""
    rows, files = await blob_rows(place), blob_files(place)
    without = [digest.hex() for digest in rows if digest not in files]
    assert not without, f"rows without a blob: {without}"
    wrong = [name.hex() for name, digest in files.items() if name != digest]
    assert not wrong, f"blobs of another digest: {wrong}"
    return len(rows)
