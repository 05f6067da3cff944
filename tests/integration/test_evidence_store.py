"""The store of blobs, in a folder and in an S3-compatible bucket by the same claims: written once, read by range."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from server.evidence.store import BlobStore, Bucket, StoreUnfit, key_of

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    """A bucket of a server in this process that speaks S3 and honours conditional writes."""
    from botocore.session import Session
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = Session().create_client(
            "s3", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="name", aws_secret_access_key="key"
        )
        client.create_bucket(Bucket="evidence-of-tests")
        client.close()
        yield Bucket("s3://evidence-of-tests/city/blobs", endpoint, "us-east-1", "name", "key")
    finally:
        server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    chosen = request.getfixturevalue("bucket") if request.param == "bucket" else None
    return BlobStore(tmp_path / "evidence", chosen)


def staged(folder: Path, data: bytes) -> Path:
    path = folder / f"evidence/{secrets.token_hex(8)}.part"
    path.write_bytes(data)
    return path


async def whole(store: BlobStore, digest: bytes, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.read(digest, start, end)])


@pytest.mark.parametrize("size", [1, 100_000, 9 * MIB + 7])
async def test_what_is_kept_is_read_back_whole_and_by_range(store: BlobStore, tmp_path: Path, size: int) -> None:
    data = secrets.token_bytes(size)
    digest = sha256(data).digest()
    assert await store.size(digest) is None
    await store.keep(staged(tmp_path, data), digest)
    assert await store.size(digest) == size
    assert await whole(store, digest) == data
    assert await whole(store, digest, size // 3, size // 2 + 1) == data[size // 3 : size // 2 + 1]
    assert await whole(store, digest, size - 1) == data[-1:]


@pytest.mark.parametrize("size", [1_000, 9 * MIB])
async def test_a_key_that_is_taken_stays_as_it_is(store: BlobStore, tmp_path: Path, size: int) -> None:
    first, second = secrets.token_bytes(size), secrets.token_bytes(size)
    digest = sha256(first).digest()
    await store.keep(staged(tmp_path, first), digest)
    await store.keep(staged(tmp_path, second), digest)
    assert await whole(store, digest) == first


async def test_what_was_found_corrupt_is_replaced_in_one_step(store: BlobStore, tmp_path: Path) -> None:
    good, bad = secrets.token_bytes(5_000), secrets.token_bytes(5_000)
    digest = sha256(good).digest()
    await store.keep(staged(tmp_path, bad), digest)
    part = staged(tmp_path, good)
    for _ in range(2):  # the second time both names are of one file
        await store.keep(part, digest, repair=True)
        assert await whole(store, digest) == good
    assert [path for path in (tmp_path / "evidence").iterdir() if path.suffix == ".link"] == []


async def test_what_is_not_there_is_not_found(store: BlobStore) -> None:
    with pytest.raises(FileNotFoundError):
        await whole(store, bytes(32))


async def test_the_folder_is_closed_to_others_and_a_blob_lies_under_its_digest(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "evidence")
    data = b"\xff\xd8\xff"
    digest = sha256(data).digest()
    await store.keep(staged(tmp_path, data), digest)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    name = digest.hex()
    assert (store.folder / "sha256" / name[:2] / name[2:4] / name).read_bytes() == data
    assert key_of(digest) == f"sha256/{name[:2]}/{name[2:4]}/{name}"


@pytest.mark.parametrize("url", ["https://example.org/x", "s3://", "s3://bucket?x=1"])
def test_an_address_that_is_no_bucket_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreUnfit, match="s3://BUCKET"):
        BlobStore(tmp_path, Bucket(url))
