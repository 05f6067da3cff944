"""A base backup of the embedded database, checked, and confirmed to the log: what the watermark rests on.

    1. note the size of every log     2. pg_basebackup with a manifest     3. check the copy     4. confirm the sizes

Only then may terminals delete what the backup holds. Keys and register are not part of it: they live elsewhere on
purpose, and a restored database without them signs nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ops.cluster import Cluster
from ops.compose import DATABASE
from ops.settings import Settings, SettingsError
from server.log import store
from server.log.durable import sync_folder


class BackupRefused(Exception):
    """The backup could not be made or does not verify; nothing was confirmed."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was backed up: the folder, and the size of every log that it holds, by origin."""

    folder: Path
    sizes: dict[str, int]


async def backup(settings: Settings, target: Path) -> Backup:
    """Back up the embedded database of the settings into `target` (new or empty) and confirm it.

    Raises BackupRefused, SettingsError. An outside database is backed up by its own means and confirmed by its role.
    """
    if settings.data is None:
        raise SettingsError("name the folder of the embedded database with --data")
    await asyncio.to_thread(_check_target, target)
    cluster = Cluster(settings.data)
    await asyncio.to_thread(cluster.start)
    try:
        queries = store.load_queries("server.log", "log.sql")
        connection = await store.connect(cluster.dsn("liuhen_backup", DATABASE))
        try:
            # (1) before the backup begins: whatever is committed by now is in it
            logs = await connection.fetch(queries["all_logs"])
            await _base_backup(cluster, target)
            for row in logs:
                # (4) the backup holds at least these sizes
                await connection.execute(queries["confirm_backup"], row["log_id"], row["size"])
        finally:
            await connection.close()
    finally:
        await asyncio.to_thread(cluster.stop)
    return Backup(target, {row["origin"]: row["size"] for row in logs})


async def _base_backup(cluster: Cluster, target: Path) -> None:
    beside = target.with_name(f".{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    environment = {**cluster.binaries.environment(), "PGPASSWORD": cluster.password("postgres")}
    try:
        # (2)
        await _run(
            cluster, environment, "pg_basebackup", "--pgdata", str(beside), "--host", str(cluster.sockets),
            "--username", "postgres", "--wal-method", "stream", "--checkpoint", "fast", "--no-password",
            "--manifest-checksums", "SHA256",
        )  # fmt: skip
        # (3) read back what was written; the wheel's pg_verifybackup crashes, so the manifest is checked here
        await asyncio.to_thread(check_copy, beside)
        await asyncio.to_thread(_put_in_place, beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _check_target(target: Path) -> None:
    try:
        if target.exists() and any(target.iterdir()):
            raise BackupRefused(f"{target} is not empty: name a new folder for every backup")
    except NotADirectoryError:
        raise BackupRefused(f"{target} is a file: name a new folder for every backup") from None


def _put_in_place(beside: Path, target: Path) -> None:
    if target.exists():
        target.rmdir()
    beside.replace(target)
    sync_folder(target.parent)


def check_copy(folder: Path) -> int:
    """Compare a base backup with its manifest, file by file; returns how many files. Raises BackupRefused."""
    try:
        raw = (folder / "backup_manifest").read_bytes()
        body, mark, _ = raw.rpartition(b'"Manifest-Checksum"')
        manifest = json.loads(raw)
        sound = bool(mark) and sha256(body).hexdigest() == manifest["Manifest-Checksum"]
    except FileNotFoundError:
        raise BackupRefused(f"{folder} has no backup_manifest: expected a copy that `liuhen backup` has made") from None
    except (ValueError, KeyError, TypeError):
        sound, manifest = False, {}
    if not sound:
        raise BackupRefused("the manifest of the copy is damaged")
    for item in manifest["Files"]:
        path = folder / item["Path"]
        try:
            with path.open("rb") as opened:
                found = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError:
            raise BackupRefused(f"the copy lacks {item['Path']}") from None
        if found != item["Checksum"]:
            raise BackupRefused(f"the copy of {item['Path']} differs from what the server sent")
    wal = folder / "pg_wal"
    if not wal.is_dir() or not any(path.is_file() for path in wal.iterdir()):
        raise BackupRefused("the copy lacks the write-ahead log that it needs to start")
    return len(manifest["Files"])


async def _run(cluster: Cluster, environment: dict[str, str], program: str, *arguments: str) -> None:
    done = await asyncio.create_subprocess_exec(
        str(cluster.binaries.bin / program), *arguments, env=environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await done.communicate()
    if done.returncode != 0:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise BackupRefused(f"{program} failed: {lines[-1] if lines else 'no message'}")
