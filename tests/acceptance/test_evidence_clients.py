"""Foreign tus clients, unmodified, behind a proxy that signs for them and cuts their connections at random places.

tuspy, aiotus and tus-js-client each finish every upload; the blob has the digest, and a cut costs at most one chunk
that is sent again. `make test` does a tenth; LIUHEN_FULL=1 does a hundred uploads of 1 to 40 MB for each client.
"""

from __future__ import annotations

import asyncio
import io
import os
import random
import shutil
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiotus
import pytest
from tusclient.client import TusClient

from tests.support.server import Bureau, Door, enrolled
from tests.support.signing_proxy import SigningProxy, signing
from tests.support.tus import blob_files, blob_rows, picture

FULL = os.environ.get("LIUHEN_FULL") == "1"
MB = 1_000_000
UPLOADS = 100 if FULL else 10
CHUNK = 1 * MB
TUS_JS = "4.3.1"
SCRIPT = Path(__file__).resolve().parents[1] / "support" / "tus_upload.mjs"
Send = Callable[[str, Sequence[Path]], Awaitable[None]]
Report = Callable[[str, object], None]


def sizes(dice: random.Random) -> list[int]:
    """1 to 40 MB; in `make test` mostly small ones, and one of 40 MB."""
    if FULL:
        return [dice.randrange(MB, 40 * MB) for _ in range(UPLOADS)]
    return [40 * MB, *(dice.randrange(MB, 4 * MB) for _ in range(UPLOADS - 1))]


async def check(city: Bureau, at: Door, folder: Path, seed: int, send: Send) -> SigningProxy:
    """Upload files over a cutting proxy and look at what the server has then."""
    dice = random.Random(seed)
    terminal = await enrolled(city, at)
    async with signing(at.url, terminal, seed) as (endpoint, proxy):
        for number, size in enumerate(sizes(dice)):
            path = folder / f"{number}.jpg"
            data = picture(size)
            path.write_bytes(data)
            proxy.cuts, before, cut = dice.randrange(1, 4), proxy.body_bytes, proxy.cut
            await send(endpoint, [path])
            again = proxy.body_bytes - before - size
            assert again <= (proxy.cut - cut) * CHUNK, f"{again} bytes were sent again after {proxy.cut - cut} cuts"
            digest = sha256(data).digest()
            assert (await blob_rows(city))[digest] == size
            path.unlink()
    assert proxy.cut >= UPLOADS * 0.7, "an upload counts only if it was cut"
    files = await asyncio.to_thread(blob_files, city)
    assert all(name == found for name, found in files.items())
    return proxy


def meta(path: Path) -> dict[str, str]:
    return {"sha256": sha256(path.read_bytes()).hexdigest(), "type": "image/jpeg", "filename": path.name}


async def test_tuspy_finishes_every_upload_over_cut_connections(
    city: Bureau, at: Door, tmp_path: Path, record_testsuite_property: Report
) -> None:
    def run(endpoint: str, path: Path) -> None:
        with path.open("rb") as handle:
            uploader = TusClient(endpoint).uploader(
                file_stream=handle, chunk_size=CHUNK, metadata=meta(path), retries=30, retry_delay=0
            )
            uploader.upload()

    async def send(endpoint: str, paths: Sequence[Path]) -> None:
        for path in paths:
            await asyncio.to_thread(run, endpoint, path)

    proxy = await check(city, at, tmp_path, 1, send)
    record_testsuite_property("cuts_of_tuspy", proxy.cut)


async def test_aiotus_finishes_every_upload_over_cut_connections(
    city: Bureau, at: Door, tmp_path: Path, record_testsuite_property: Report
) -> None:
    patience = aiotus.RetryConfiguration(retry_attempts=30, max_retry_period_seconds=0.01)

    async def send(endpoint: str, paths: Sequence[Path]) -> None:
        for path in paths:
            metadata = {key: value.encode() for key, value in meta(path).items()}
            file = io.BytesIO(path.read_bytes())
            where: Any = await aiotus.upload(endpoint, file, metadata, config=patience, chunksize=CHUNK)
            assert where is not None

    proxy = await check(city, at, tmp_path, 2, send)
    record_testsuite_property("cuts_of_aiotus", proxy.cut)


@pytest.fixture(scope="module")
def tus_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tus-js-client. Skips where there is no node, or no way to the package."""
    import subprocess

    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("tus-js-client needs node and npm")
    folder = tmp_path_factory.mktemp("tus_js")
    try:
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1",
             "--fetch-timeout=10000",
             "--prefix", str(folder), f"tus-js-client@{TUS_JS}"],
            capture_output=True, timeout=60, check=False, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        pytest.skip("tus-js-client could not be fetched in time")
    if done.returncode:
        pytest.skip("tus-js-client could not be fetched")
    return folder


async def test_tus_js_client_finishes_every_upload_over_cut_connections(
    city: Bureau, at: Door, tmp_path: Path, tus_js: Path, record_testsuite_property: Report
) -> None:
    async def send(endpoint: str, paths: Sequence[Path]) -> None:
        files = [part for path in paths for part in (str(path), meta(path)["sha256"])]
        process = await asyncio.create_subprocess_exec(
            "node", str(SCRIPT), str(tus_js), endpoint, str(CHUNK), *files,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(120):
            out, err = await process.communicate()
        assert (process.returncode, out.decode().strip()) == (0, "done"), err.decode()[-2_000:]

    proxy = await check(city, at, tmp_path, 3, send)
    record_testsuite_property("cuts_of_tus_js_client", proxy.cut)
