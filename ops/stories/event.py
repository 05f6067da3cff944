"""What a story is made of: events, the files that they rely on, and the enterprises that they take place in.

The invariant: an event depends on nothing but the story and its seed; whoever plays it adds ids of terminals, salts and
the time at which the server got it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from schemas.events import REGISTRY

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that an event relies on: its content is made up, its digest is true."""

    name: str
    media_type: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> bytes:
        """Digest of the content (32 bytes)."""
        return sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """One event: type, tags, body as it goes on the wire, officers, instant (ms), and what is hidden in the body.

    `id` is the event's own (16 bytes; empty: whoever plays it makes one). `desk`: an act of the office of a type that
    the field may report as well. `terminal` names the terminal that records it, or the one that an office act is about.
    `captured` is when it was written down, `received` when it reached the server (ms; None: at once, and soon after).
    `wrong` is how far the terminal's wall clock stood wrong then (ms); its other clock goes right.
    """

    type: str
    about: tuple[str, ...]
    body: Mapping[str, Any]
    by: tuple[str, ...]
    occurred: int
    private: Mapping[str, object] = field(default_factory=dict, repr=False)
    files: tuple[Enclosure, ...] = ()
    id: bytes = b""
    desk: bool = False
    terminal: str = ""
    captured: int | None = None
    received: int | None = None
    location: Mapping[str, object] | None = None
    wrong: int = 0

    @property
    def office(self) -> bool:
        """Whether the office brings this about: it alone can, or it did so at the desk."""
        return self.desk or REGISTRY[self.type].office_only

    def at_terminals(self, terminals: Mapping[str, bytes]) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Tags and body with the id of the terminal that an office act is about; `terminals` maps names to ids."""
        if not self.office or not self.terminal:
            return self.about, dict(self.body)
        terminal = terminals[self.terminal]
        return (*self.about, f"terminal:{text(terminal)}"), {**self.body, "terminal_id": terminal}


@dataclass(frozen=True, slots=True)
class Enterprise:
    """An invented enterprise: id as in its tag, name, what it does, where; position in 1e-7 degrees, WGS84."""

    id: str
    name: str
    trade: str
    address: str
    lat: int = 412_950_000
    lon: int = 1_237_660_000


ENTERPRISES: Final = (
    Enterprise("E-210500-0001", "东岭示例化工厂", "危险化学品生产", "示例市东岭区一号路 1 号"),
    Enterprise("E-210500-0002", "北湾示例涂料有限公司", "涂料制造", "示例市北湾工业园 12 号", 413_410_000),
    Enterprise("E-210500-0003", "青石示例机械加工厂", "机械加工", "示例市青石镇工业街 7 号", 412_120_000),
    Enterprise("E-210500-0004", "白桦示例木业有限公司", "木制品加工", "示例市白桦乡林场路 3 号", 411_570_000),
    Enterprise("E-210500-0005", "南湖示例粮油储备库", "粮食仓储", "示例市南湖区粮库巷 9 号", 412_730_000),
    Enterprise("E-210500-0006", "西坡示例铝粉制品厂", "金属粉末制造", "示例市西坡镇创业路 21 号", 412_340_000),
    Enterprise("E-210500-0007", "云溪示例冷链物流中心", "涉氨制冷", "示例市云溪区港前路 66 号", 413_080_000),
    Enterprise("E-210500-0008", "石门示例烟花批发站", "烟花爆竹批发", "示例市石门乡西山口", 411_260_000),
    Enterprise("E-210500-0009", "河口示例铸造有限公司", "黑色金属铸造", "示例市河口镇铸件街 5 号", 412_880_000),
    Enterprise("E-210500-0010", "柳河示例家具厂", "家具制造", "示例市柳河镇木工路 18 号", 412_470_000),
)


def china(at: int) -> datetime:
    """An instant (ms) as a wall clock in Asia/Shanghai shows it."""
    return datetime.fromtimestamp(at / 1000, UTC) + timedelta(hours=8)


def text(value: bytes) -> str:
    """An id as tags have it."""
    return str(UUID(bytes=value))
