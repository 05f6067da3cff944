"""Settings: the one place where the environment and the settings file are read.

Rooms receive a frozen `Settings`, never a variable. A value comes from, in rising order: the default below (only where
a default is harmless), the TOML file (`--settings FILE` or LIUHEN_SETTINGS), the variable LIUHEN_<FIELD IN CAPITALS>.
A secret comes from the environment or, with the suffix `_file`, from a file that only we can read; there is no
argument for one, because every user of the machine can read the arguments of its processes. Unknown names are refused:
a misspelt setting that is silently ignored is worse than none.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

PREFIX = "LIUHEN_"
# Read elsewhere than into Settings: where the file is, and what `make test` tells its own tests.
OTHER_VARIABLES = frozenset(
    {
        "LIUHEN_SETTINGS",
        "LIUHEN_SHARED",
        "LIUHEN_TEST_SKIPS",
        "LIUHEN_FAULT",
        "LIUHEN_FULL",
        "LIUHEN_PASSWORD",
        "LIUHEN_ENROLMENT_CODE",
        "LIUHEN_TERMINAL_HOME",
    }
)
LARGEST_FILE = 1024 * 1024
NUMBERS = (
    "public_per_minute",
    "uploads_per_second",
    "largest_file_mib",
    "terminal_mib_a_day",
    "authority_mib_a_day",
    "reserve_mib",
)
NO_ROLE = "none"
LOG_LEVELS = ("debug", "info", "warning", "error")
PLACE = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")


class SettingsError(Exception):
    """A setting is missing, unknown or wrong; the message names it, what was expected, and where it came from."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of all commands. Each command asks `require` for those that it cannot do without."""

    data: Path | None = None
    """Folder of the embedded database, the register and local evidence. No default: where records lie is a decision."""
    database_dsn: str | None = field(default=None, repr=False, metadata={"secret": True})
    """Connection string of an outside PostgreSQL (several hosts for failover), not the embedded one. A secret."""
    postgres_bin: Path | None = None
    """Folder with initdb and postgres (15 or newer) for the embedded database; without it, those of the wheel."""
    internal: str | None = None
    """HOST:PORT of the internal application (terminals, officers, supervisors). No default: it opens a port."""
    public: str | None = None
    """HOST:PORT of the public application. No default: it opens a port."""
    public_dsn: str | None = field(default=None, repr=False, metadata={"secret": True})
    """Connection string of the public application's own account, which has the rights of liuhen_public and no others.
    Required beside an outside database; the embedded one has such an account. A secret."""
    public_origin: str | None = None
    """Scheme and host of the public application as readers see it (https://…), when a proxy stands in front."""
    public_contact: str | None = None
    """mailto: or https: address where weaknesses are reported; without it there is no security.txt."""
    public_per_minute: str = "6000"
    """Requests a minute that the public application takes from one address; 0 means no limit (behind a proxy, which
    has one address for everybody)."""
    register: Path | None = None
    """Folder of the register of newest checkpoints, on another disk than the database's. With `data`: data/register."""
    keys: Path | None = None
    """Folder of the private keys (log, receipt, data), one file of mode 0600 for each authority and epoch. With `data`:
    data/keys."""
    tiles: Path | None = None
    """Folder of the full Merkle tiles, derived from the log and made again where absent. With `data`: data/tiles."""
    published: Path | None = None
    """Folder of what the public application serves of the log: checkpoint and hash tiles. With `data`:
    data/published."""
    host: str = "liuhen.local"
    """Host in the names of the logs' keys (`<host>/<authority>/<epoch>`). Epoch 1 signs it: choose it once."""
    signed_for: str | None = None
    """HOST[:PORT] that terminals sign their requests for (@authority); without it, the address of `internal`."""
    origin: str | None = None
    """Scheme and host of the internal application as browsers see it (https://…), when a proxy stands in front."""
    authorities: str = "210000 210500 210521"
    """Codes of the authorities whose logs an embedded installation begins with: by default a province, a city and a
    county of one line. Others are added with `liuhen authority add`."""
    projector: str = "on"
    """Whether this process keeps a projector ("on") or leaves the projections to another server process ("off")."""
    evidence: Path | None = None
    """Folder of evidence: blobs by digest and uploads that are not finished, on one file system. With `data`:
    data/evidence. With `evidence_url` it holds unfinished uploads only; processes that share a store share it."""
    evidence_url: str | None = None
    """s3://BUCKET[/PREFIX] of an S3-compatible store for finished blobs, instead of the folder."""
    evidence_endpoint: str | None = None
    """Address of the S3-compatible service where it is not the usual one (https://…)."""
    evidence_region: str | None = None
    """Region of the bucket, where the service asks for one."""
    evidence_key_id: str | None = field(default=None, repr=False, metadata={"secret": True})
    """Name of the access key for the bucket. A secret."""
    evidence_key: str | None = field(default=None, repr=False, metadata={"secret": True})
    """The access key itself. A secret."""
    viewer: str | None = None
    """HOST:PORT of the origin that shows evidence, apart from the officers' pages. Without it a free port of the host
    of `internal`."""
    viewer_origin: str | None = None
    """Scheme and host of that origin as browsers see it (https://…), when a proxy stands in front; required beside
    `origin`, or evidence is not shown."""
    largest_file_mib: str = "4096"
    """Largest file that a terminal may upload, MiB."""
    terminal_mib_a_day: str = "20480"
    """MiB of files that one terminal may bring within a day; 0 means no quota."""
    authority_mib_a_day: str = "512000"
    """MiB of files that the terminals of one authority may bring within a day; 0 means no quota."""
    reserve_mib: str = "5120"
    """MiB that stay free on the disk of evidence: below that uploads are answered with 507, and reading goes on."""
    oidc_issuer: str | None = None
    """Identity provider (OpenID Connect) with which officers may sign in as well: https://…, as it names itself."""
    oidc_client: str | None = None
    """What this server is called there (client id); required beside `oidc_issuer`."""
    oidc_secret: str | None = field(default=None, repr=False, metadata={"secret": True})
    """Its client secret. A secret."""
    second_factor: str = "legal_reviewer discloser administrator security_officer"
    """Roles, separated by blanks, that need a second factor: until it is set up nothing else opens. "none": no role."""
    uploads_per_second: str = "20"
    """Uploads a second that one terminal may sustain (bursts of thirty times that); 0 means no quota."""
    webhook_networks: str = ""
    """Networks inside that webhooks may reach, separated by blanks (10.20.0.0/16 fd00:1::/32); without it, public
    addresses only."""
    log_level: str = "info"
    """Least severity that is logged: debug, info, warning or error."""

    def require(self, *names: str) -> None:
        """Raise SettingsError for the first of the named settings that has no value."""
        for name in names:
            if getattr(self, name) is None:
                also = f" (or {variable(name)}_FILE, a file that holds it)" if name in SECRETS else ""
                raise SettingsError(f"the setting {name} is missing: set {variable(name)}{also} or put it in the file")


FIELDS: Mapping[str, str] = {item.name: str(item.type) for item in fields(Settings)}
SECRETS: frozenset[str] = frozenset(item.name for item in fields(Settings) if item.metadata.get("secret"))


def variable(name: str) -> str:
    """The environment's name for a setting."""
    return PREFIX + name.upper()


def load(file: Path | None = None, environment: Mapping[str, str] | None = None, **arguments: object) -> Settings:
    """Read the settings. `arguments` are values from the command line: they win, and None among them means not given.

    `environment` defaults to the process's own. Raises SettingsError.
    """
    environment = os.environ if environment is None else environment
    if file is None and environment.get(variable("settings")):
        file = Path(environment[variable("settings")])
    values: dict[str, object] = {}
    if file is not None:
        for name, value in _read_file(file).items():
            _put(values, name, value, f"in {file}", file.parent)
    from_environment: dict[str, object] = {}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES and environment[name] != "":
            _put(from_environment, name.removeprefix(PREFIX).lower(), environment[name], f"({name})", Path())
    values |= from_environment
    refused = SECRETS.intersection(arguments)
    if refused:
        raise SettingsError(f"{min(refused)} is a secret and is never taken from the command line")
    for name, value in arguments.items():
        if value is not None:
            _put(values, name, value, "on the command line", Path())
    settings = Settings(**values)  # type: ignore[arg-type]  # _put has checked each value against its field
    if settings.data is not None:
        settings = replace(
            settings,
            register=settings.register or settings.data / "register",
            keys=settings.keys or settings.data / "keys",
            tiles=settings.tiles or settings.data / "tiles",
            published=settings.published or settings.data / "published",
            evidence=settings.evidence or settings.data / "evidence",
        )
    return settings


def _read_file(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise SettingsError(f"{file} is larger than {LARGEST_FILE} bytes: expected a file of settings")
        return tomllib.loads(content.decode("utf-8"))
    except OSError as fault:
        raise SettingsError(f"the settings file {file} cannot be read: {fault.strerror}") from fault
    except ValueError as fault:  # not UTF-8, or not TOML
        raise SettingsError(f"the settings file {file} is not TOML: {fault}") from fault


def _put(values: dict[str, object], name: str, value: object, origin: str, base: Path) -> None:
    """Check one value and keep it; relative paths of a file count from that file's folder."""
    plain = name.removesuffix("_file")
    if name != plain and plain in SECRETS:
        if plain in values:
            raise SettingsError(f"{plain} {origin} is given twice, as {plain} and as {name}: keep one of them")
        values[plain] = _checked(plain, _read_secret(base / str(value), name), origin, base)
        return
    if name not in FIELDS:
        raise SettingsError(f"unknown setting {name!r} {origin}: expected one of {', '.join(sorted(FIELDS))}")
    if name in values and name in SECRETS:
        raise SettingsError(f"{name} {origin} is given twice, as {name} and as {name}_file: keep one of them")
    values[name] = _checked(name, value, origin, base)


def _checked(name: str, value: object, origin: str, base: Path) -> object:
    shown = "" if name in SECRETS else f", came {value!r}"
    if FIELDS[name].startswith("Path"):
        if not isinstance(value, str | Path) or str(value) == "" or "\0" in str(value):
            raise SettingsError(f"{name} {origin}: expected a path{shown}")
        return (base / Path(value).expanduser()).absolute()
    if not isinstance(value, str):
        raise SettingsError(f"{name} {origin}: expected text in quotes{shown}")
    if name in ("internal", "public", "viewer") and not (
        PLACE.fullmatch(value) and int(value.rpartition(":")[2]) <= 65535
    ):
        raise SettingsError(f"{name} {origin}: expected HOST:PORT such as 127.0.0.1:8080{shown}")
    if name == "webhook_networks":
        from server.webhooks.addresses import Allowed

        try:
            Allowed.parse(value)
        except ValueError:
            raise SettingsError(f"{name} {origin}: expected networks such as 10.20.0.0/16{shown}") from None
    if name == "log_level" and value not in LOG_LEVELS:
        raise SettingsError(f"{name} {origin}: expected one of {', '.join(LOG_LEVELS)}{shown}")
    if name == "projector" and value not in ("on", "off"):
        raise SettingsError(f"{name} {origin}: expected on or off{shown}")
    if name in NUMBERS and not re.fullmatch(r"[0-9]{1,9}" if "mib" in name else r"[0-9]{1,6}", value):
        raise SettingsError(f"{name} {origin}: expected a whole number{shown}")
    if name in ("origin", "viewer_origin", "public_origin") and not re.fullmatch(r"https?://[^/\s]+", value):
        raise SettingsError(f"{name} {origin}: expected https://HOST without a path{shown}")
    if name == "evidence_url" and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?", value):
        raise SettingsError(f"{name} {origin}: expected s3://BUCKET or s3://BUCKET/PREFIX{shown}")
    if name == "evidence_endpoint" and not re.fullmatch(r"https?://[^/\s]+", value):
        raise SettingsError(f"{name} {origin}: expected https://HOST without a path{shown}")
    if name == "host" and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", value):
        raise SettingsError(f"{name} {origin}: expected a host name in lower case{shown}")
    if name == "oidc_issuer" and not re.fullmatch(
        r"https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?[^\s?#]*", value
    ):
        raise SettingsError(f"{name} {origin}: expected https://HOST, perhaps with a path{shown}")
    if name == "second_factor":
        from server.identity.person import ROLES

        if value != NO_ROLE and (not value or not set(value.split()) <= set(ROLES)):
            raise SettingsError(
                f"{name} {origin}: expected {NO_ROLE}, or roles separated by blanks out of {', '.join(ROLES)}{shown}"
            )
    if name == "authorities" and not re.fullmatch(r"[0-9A-Za-z]{1,32}( [0-9A-Za-z]{1,32})*", value):
        raise SettingsError(f"{name} {origin}: expected codes separated by one space{shown}")
    if name == "public_contact" and not re.fullmatch(r"(?:mailto:[^@\s]+@[^@\s]+|https://\S+)", value):
        raise SettingsError(f"{name} {origin}: expected mailto:NAME@HOST or https://…{shown}")
    if name in ("database_dsn", "public_dsn") and not value.startswith(("postgresql://", "postgres://")):
        raise SettingsError(f"{name} {origin}: expected postgresql://…")
    return value


def _read_secret(file: Path, name: str) -> str:
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if not stat.S_ISREG(mode) or mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SettingsError(f"{name}: {file} can be read by others: run chmod 600 on it")
            return opened.read(LARGEST_FILE).decode("utf-8").strip()
    except OSError as fault:
        raise SettingsError(f"{name}: {file} cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError:
        raise SettingsError(f"{name}: {file} is not UTF-8 text") from None
