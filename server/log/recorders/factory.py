"""The infrastructure factory: settings from the environment of an application, recorders of its log.

Settings, by the library's convention (`<APPLICATION>_KEY`, else `KEY`):

  LIUHEN_DSN        the database, role of the log's writer (postgresql://...)
  LIUHEN_KEYS       folder of private keys, mode 0700; the keys of an application's log are made there
  LIUHEN_REGISTER   folder of the register, outside the database; the server's own where both run on one host
  LIUHEN_HOST       first part of the name that signs the log's checkpoints, such as log.example
  LIUHEN_TILES      folder for full tiles of the tree; may be absent
  CREATE_TABLE      "f": do not begin a log that is not there yet

Each application has a log of its own for its events, and one for its snapshots. The invariant: two applications never
share a log, and no authority's code has the form of its name.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    ProcessRecorder,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool

from server.log.recorders.engine import EngineSettings, Lease
from server.log.recorders.recorder import (
    LogAggregateRecorder,
    LogApplicationRecorder,
    LogProcessRecorder,
    LogTrackingRecorder,
)

DSN: Final = "LIUHEN_DSN"
KEYS: Final = "LIUHEN_KEYS"
REGISTER: Final = "LIUHEN_REGISTER"
HOST: Final = "LIUHEN_HOST"
TILES: Final = "LIUHEN_TILES"
CREATE_TABLE: Final = "CREATE_TABLE"

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_UNSAFE = re.compile(r"[^a-z0-9]+")

T = TypeVar("T", bound=type)


class LiuhenFactory(InfrastructureFactory[LogTrackingRecorder]):
    """Recorders on liuhen's log. `close` gives the committer back; the last factory of a process ends it."""

    aggregate_recorder_class: type[LogAggregateRecorder] = LogAggregateRecorder
    application_recorder_class: type[LogApplicationRecorder] = LogApplicationRecorder
    tracking_recorder_class: type[LogTrackingRecorder] = LogTrackingRecorder
    process_recorder_class: type[LogProcessRecorder] = LogProcessRecorder

    def __init__(self, env: Environment | EnvType | None = None) -> None:
        super().__init__(env)
        host = self._required(HOST)
        if _HOST.fullmatch(host) is None:
            raise OSError(f"expected a host name in {HOST}, got {host!r}")
        tiles = self.env.get(TILES)
        self._lease = Lease(
            EngineSettings(
                dsn=self._required(DSN),
                keys=Path(self._required(KEYS)),
                register=Path(self._required(REGISTER)),
                host=host,
                tiles=Path(tiles) if tiles else None,
            )
        )

    def close(self) -> None:
        """Give the committer back. Recorders of this factory raise InterfaceError once the last one has."""
        lease = getattr(self, "_lease", None)
        if lease is not None:
            lease.close()

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Recorder of a log of its own for that purpose. Raises OperationalError."""
        return self.aggregate_recorder_class(self._lease, self._log(purpose))

    def application_recorder(self) -> ApplicationRecorder:
        """Recorder of the application's events; a class of APPLICATION_RECORDER_TOPIC takes the place of ours."""
        cls = self._class(self.APPLICATION_RECORDER_TOPIC, self.application_recorder_class)
        return cls(self._lease, self._log("events"))

    def tracking_recorder(self, tracking_recorder_class: type[Any] | None = None) -> Any:
        """Tracking recorder or view: the class given, else that of TRACKING_RECORDER_TOPIC, else ours."""
        cls = tracking_recorder_class or self._class(self.TRACKING_RECORDER_TOPIC, self.tracking_recorder_class)
        if not issubclass(cls, LogTrackingRecorder):
            raise InfrastructureFactoryError(f"expected a subclass of LogTrackingRecorder, got {cls.__name__}")
        return cast("TrackingRecorder", cls(self._lease, self.env.name or "notification"))

    def process_recorder(self) -> ProcessRecorder:
        """Recorder of events with tracking; a class of PROCESS_RECORDER_TOPIC takes the place of ours."""
        cls = self._class(self.PROCESS_RECORDER_TOPIC, self.process_recorder_class)
        return cls(self._lease, self._log("events"), self.env.name or "notification")

    def _log(self, purpose: str) -> str:
        authority = log_name(self.env.name or "stored", purpose)
        if strtobool(self.env.get(CREATE_TABLE) or "yes"):
            self._lease.engine.begin(authority)
        return authority

    def _class(self, topic_key: str, default: T) -> T:
        # The topic is a setting of whoever runs the application; nothing that was stored or sent reaches it.
        topic = self.env.get(topic_key)
        if not topic:
            return default
        cls = resolve_topic(topic)
        if not (isinstance(cls, type) and issubclass(cls, default)):
            raise InfrastructureFactoryError(f"expected a subclass of {default.__name__} in {topic_key}, got {cls!r}")
        return cast("T", cls)

    def _required(self, key: str) -> str:
        value = self.env.get(key)
        if not value:
            names = " or ".join(f"'{name}'" for name in dict.fromkeys((*self.env.create_keys(key), key)))
            raise OSError(f"expected a setting in the environment with the key {names}")
        return value


def log_name(application: str, purpose: str) -> str:
    """The authority column of an application's log: readable, safe in paths and key names, one for each name."""
    slug = _UNSAFE.sub("-", application.lower()).strip("-")[:32]
    digest = sha256(f"{len(application)} {application} {purpose}".encode()).hexdigest()[:16]
    return "-".join(part for part in ("app", slug, digest) if part)
