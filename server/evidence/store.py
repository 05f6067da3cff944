"""Blobs by digest: written once, in a local folder or in an S3-compatible store, through `obstore`.

The key of a blob is `sha256/ab/cd/<64 hexadecimal digits>`. Locally `keep` links a staged file into place and makes
the link durable, because the library does not fsync; everything else is the same code for both kinds of store.
Invariant: what stands under a key was checked against the digest that the key is, and `keep` returns only when it is
durable. A key that is taken stays as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, ObjectStore, S3Store

from server.log.durable import sync_folder

WHOLE: Final = 8 * 1024 * 1024
"""Up to this size an object is put in one conditional request; a larger one in parts of this size."""
CHUNK: Final = 1024 * 1024


class StoreUnfit(Exception):
    """The store cannot be used; the message names the setting and what was expected."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3-compatible store: `url` is s3://BUCKET[/PREFIX]; empty fields are left to the library's own defaults."""

    url: str
    endpoint: str = ""
    region: str = ""
    key_id: str = ""
    key: str = ""


def key_of(digest: bytes) -> str:
    """Where a blob lies in any store."""
    name = digest.hex()
    return f"sha256/{name[:2]}/{name[2:4]}/{name}"


class BlobStore:
    """Blobs by digest. `folder` holds them, or (with a bucket) nothing but what is staged."""

    def __init__(self, folder: Path, bucket: Bucket | None = None) -> None:
        """Make the folder where it is absent. Raises StoreUnfit."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreUnfit(f"the folder of evidence {folder} cannot be made: {fault.strerror}") from None
        self.folder = folder
        self.local = bucket is None
        self._store: ObjectStore = LocalStore(prefix=folder) if bucket is None else _s3(bucket)

    async def size(self, digest: bytes) -> int | None:
        """How many bytes lie under the key of a digest, None if there are none."""
        try:
            return int((await self._store.head_async(key_of(digest)))["size"])
        except FileNotFoundError:
            return None

    async def keep(self, staged: Path, digest: bytes, *, repair: bool = False) -> None:
        """Keep a staged file whose SHA-256 is `digest`; durable on return. Repeating it changes nothing.

        `repair`: what stands under the key is not believed (no row says that it was checked, or it was found corrupt)
        and is replaced in one step. The staged file stays; it is the caller's. Raises OSError.
        """
        if self.local:
            await asyncio.to_thread(self._link, staged, digest, repair)
            return
        key = key_of(digest)
        length = (await asyncio.to_thread(staged.stat)).st_size
        if length <= WHOLE:
            with contextlib.suppress(AlreadyExistsError, FileExistsError):
                mode = "overwrite" if repair else "create"
                await self._store.put_async(key, staged, mode=mode, use_multipart=False)  # type: ignore[arg-type]  # a literal either way
        elif repair or await self.size(digest) != length:
            # Parts cannot be conditional. Whoever is quicker writes the very same bytes: both were checked.
            await self._store.put_async(key, staged, use_multipart=True, chunk_size=WHOLE, max_concurrency=2)

    async def read(self, digest: bytes, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes start..end (exclusive) of a blob, in chunks. Raises FileNotFoundError."""
        length = await self.size(digest)
        if length is None:
            raise FileNotFoundError(key_of(digest))
        stop = length if end is None else min(end, length)
        while start < stop:
            upto = min(start + CHUNK, stop)
            yield bytes(await self._store.get_range_async(key_of(digest), start=start, end=upto))
            start = upto

    def _link(self, staged: Path, digest: bytes, repair: bool) -> None:
        target = self.folder / key_of(digest)
        made = [parent for parent in (target.parent, target.parent.parent) if not parent.exists()]
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(staged, target)
        except FileExistsError:
            if repair:
                # One step, so that there is always a whole file. The second name lies where it is swept.
                beside = staged.with_suffix(".link")
                beside.unlink(missing_ok=True)
                os.link(staged, beside)
                beside.replace(target)
                beside.unlink(missing_ok=True)  # a rename between two names of one file does nothing
        sync_folder(target.parent)
        for parent in made:  # a new folder's own name has to be durable as well
            sync_folder(parent.parent)


def _s3(bucket: Bucket) -> ObjectStore:
    parts = urlsplit(bucket.url)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise StoreUnfit(f"evidence_url: expected s3://BUCKET or s3://BUCKET/PREFIX, came {bucket.url!r}")
    given: Mapping[str, str] = {
        "endpoint": bucket.endpoint,
        "region": bucket.region,
        "access_key_id": bucket.key_id,
        "secret_access_key": bucket.key,
    }
    options = {name: value for name, value in given.items() if value}
    plain = {"allow_http": True} if bucket.endpoint.startswith("http://") else {}
    prefix = parts.path.strip("/") or None
    return S3Store(parts.netloc, prefix=prefix, config=options, client_options=plain)  # type: ignore[arg-type]  # keys as the library lists them
