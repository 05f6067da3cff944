"""Published records on paper: real documents, entries, tiles and a signed checkpoint, and the rows that a site shows.

For tests of the public site: nothing here goes through acts, gates or projections, which have tests of their own. The
log is a real Merkle tree over real entries, written as files the way the mirror writes them.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from msgspec import UNSET, structs

from domain import search_terms
from schemas import entries, merkle, notes, tiles
from schemas.keys import Signer
from schemas.layout import parse_layout
from schemas.notes import NoteSigner
from schemas.published_document import Agency, Changed, Document, Field
from tests.support.log import uuid7
from tests.support.postgres import TestDatabase

AUTHORITY = "210500"
AGENCY = Agency(code=AUTHORITY, name="示例市应急管理局", uscc="11210500MB0000000X")
ORIGIN = f"liuhen.example/{AUTHORITY}/1"
BEGAN = datetime.datetime(2026, 11, 2, 1, 0, tzinfo=datetime.UTC)
LAYOUT = parse_layout((resources.files("schemas") / "layouts" / "double-publicity-2018.toml").read_bytes())
VALUES: Mapping[str, str | int] = {
    "CF_XDR_MC": "示例钢铁有限公司",
    "CF_XDR_LB": "法人及非法人组织",
    "CF_XDR_SHXYM": "91210500MA0000001K",
    "CF_FRDB": "张某",
    "CF_WSH": "（示）应急罚〔2026〕7号",
    "CF_WFXW": "未按规定对从业人员进行安全生产教育和培训",
    "CF_SY": "2026年10月12日检查发现，该公司炼钢车间新上岗的三名人员未经三级安全教育即上岗作业。",
    "CF_YJ": "《中华人民共和国安全生产法》第二十八条、第九十七条第三项",
    "CF_CFLB": "警告、罚款",
    "CF_NR": "给予警告，并处罚款人民币贰万元整。",
    "CF_NR_FK": 2_000_000,
    "CF_JDRQ": "2026-11-02",
    "CF_YXQ": "2099-12-31",
    "CF_GSJZQ": "2029-11-01",
    "CF_CFJG": AGENCY.name,
    "CF_CFJGDM": AGENCY.uscc,
    "CF_SJLY": AGENCY.name,
    "CF_SJLYDM": AGENCY.uscc,
}
REMEDIES = (
    "如不服本决定，可以自收到决定书之日起六十日内向示例市人民政府申请行政复议，或者在六个月内向人民法院提起诉讼。"
)


def document(**changes: Any) -> Document:
    """A penalty as it is published; `values` replaces or, with None, removes columns."""
    values = {**VALUES, **changes.pop("values", {})}
    made = Document(
        format="liuhen-disclosure-1",
        record=str(UUID(bytes=uuid7())),
        revision=1,
        outcome="published",
        subject="penalty",
        agency=AGENCY,
        published_on=datetime.date(2026, 11, 4),
        until=datetime.date(2029, 11, 1),
        layout=LAYOUT.name,
        number=str(values["CF_WSH"]) if values.get("CF_WSH") else UNSET,
        party_type="organisation",
        kinds=("P01", "P03"),
        fields=tuple(_field(one.code, one.header, values.get(one.code)) for one in LAYOUT.columns),
        remedies=REMEDIES,
    )
    return structs.replace(made, **changes)


def tombstone(of: Document, *, outcome: str = "withdrawn", reason: str = "处罚决定经行政复议被撤销。") -> Document:
    """What is left of a record that was taken down."""
    day = datetime.date(2026, 11, 20)
    changed = Changed(on=day, reason=reason, ground="altered" if outcome == "withdrawn" else "expired")
    return structs.replace(
        of, revision=of.revision + 1, outcome=outcome, fields=(), kinds=(), party_type=UNSET, layout=UNSET,
        remedies=UNSET, until=UNSET, changed=changed,
    )  # fmt: skip


def corrected(of: Document, values: Mapping[str, Any], reason: str = "罚款金额录入有误，予以更正。") -> Document:
    """The next revision of a record."""
    fields = tuple(_field(one.code, one.header, values[one.code]) if one.code in values else one for one in of.fields)
    changed = Changed(on=datetime.date(2026, 11, 18), reason=reason)
    return structs.replace(of, revision=of.revision + 1, outcome="corrected", fields=fields, changed=changed)


def _field(code: str, header: str, value: str | int | None) -> Field:
    if isinstance(value, int):
        return Field(code=code, header=header, fen=value)
    return Field(code=code, header=header, value=value or UNSET)


@dataclass(frozen=True)
class Released:
    """One revision in the log: its document, salt and entry, and where the entry stands."""

    document: Document
    salt: bytes
    entry: bytes
    position: int
    at: datetime.datetime

    @property
    def data(self) -> bytes:
        return self.document.encode()


@dataclass
class PaperDisclosures:
    """The log of an authority that publishes, and what it released."""

    folder: Path
    signer: NoteSigner = field(default_factory=lambda: NoteSigner(ORIGIN, Signer(secrets.token_bytes(32))))
    leaves: list[bytes] = field(default_factory=list)
    released: list[Released] = field(default_factory=list)

    @property
    def key(self) -> notes.VerifierKey:
        return self.signer.verifier

    def others(self, count: int) -> None:
        """Entries of which the public knows nothing but their hashes."""
        self.leaves += [secrets.token_bytes(32) for _ in range(count)]

    def release(self, told: Document) -> Released:
        """Put a revision into the log."""
        salt, data = secrets.token_bytes(32), told.encode()
        at = BEGAN + datetime.timedelta(minutes=len(self.leaves))
        committed = entries.disclosure_hash(salt, data)
        entry = entries.disclosure(committed, UUID(told.record).bytes, told.outcome, int(at.timestamp() * 1000))
        made = Released(told, salt, entry, len(self.leaves), at)
        self.leaves.append(merkle.leaf_hash(entry))
        self.released.append(made)
        return made

    def mirror(self) -> None:
        """Tiles, key and checkpoint as files, as the internal server renews them."""
        size = len(self.leaves)
        base = self.folder / "log" / "v1" / AUTHORITY / "1"
        nodes: dict[tuple[int, int], bytes] = {(0, at): leaf for at, leaf in enumerate(self.leaves)}
        tree = merkle.CompactRange()
        tree.extend(self.leaves, lambda level, index, value: nodes.__setitem__((level, index), value))
        for tile in tiles.tiles_between(0, size):
            path = base / tiles.path_of(tile)
            path.parent.mkdir(parents=True, exist_ok=True)
            level = 8 * (tile.level or 0)
            path.write_bytes(b"".join(nodes[level, tile.index * 256 + at] for at in range(tile.width)))
        (base / "key").write_text(f"{self.key}\n", "utf-8")
        checkpoint = notes.Checkpoint(ORIGIN, size, tree.root())
        (base / "checkpoint").write_text(notes.sign_checkpoint(checkpoint, self.signer), "utf-8")

    async def fill(self, database: TestDatabase) -> None:
        """The rows that the projection would write."""
        connection = await database.connect()
        try:
            await fill(connection, self.released)
        finally:
            await connection.close()


async def fill(connection: asyncpg.Connection, released: Sequence[Released]) -> None:
    """Rows of `published` for revisions in the order of their release."""
    newest = {one.document.record: one for one in released}
    first = {one.document.record: one for one in reversed(released)}
    async with connection.transaction():
        for record, one in newest.items():
            await connection.execute(
                f"INSERT INTO published.records ({', '.join(_COLUMNS)}) VALUES"
                f" ({', '.join(f'${at}' for at in range(1, len(_COLUMNS) + 1))})",
                *_row(record, one, first[record].document),
            )
        for one in released:
            changed = one.document.changed
            await connection.execute(
                "INSERT INTO published.revisions VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8)",
                UUID(one.document.record), one.document.revision, one.document.outcome,
                one.document.published_on if changed is UNSET else changed.on,
                None if changed is UNSET else changed.reason, one.position, one.entry, one.at,
            )  # fmt: skip
        await connection.execute(
            "INSERT INTO published.authorities VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            AUTHORITY, AGENCY.name, AGENCY.uscc,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO published.positions VALUES ($1, 1, 1, $2, $3) ON CONFLICT DO NOTHING",
            AUTHORITY, max((one.position for one in released), default=0) + 1, BEGAN,
        )  # fmt: skip


async def fill_sections(database: TestDatabase) -> None:
    """Sections, one of them long out of date, and figures of a year."""
    connection = await database.connect()
    try:
        await connection.executemany(
            "INSERT INTO published.sections VALUES ($1, $2, $3, $4, $5)",
            [
                (AUTHORITY, "mandate", "1", '{"title": "安全生产监督检查", "basis": "安全生产法第六十五条"}', OLD),
                (
                    AUTHORITY,
                    "officer",
                    "1",
                    '{"name": "林晓", "certificate_no": "2105001234"}',
                    datetime.datetime.now(datetime.UTC).date(),
                ),
            ],
        )
        figures = {
            "decided": 9, "due": 10, "published": 8, "on_time": 7, "late": 1, "overdue": 2, "kind:P01": 5,
            "kind:P03": 8,
        }  # fmt: skip
        await connection.executemany(
            "INSERT INTO published.statistics VALUES ($1, 2026, $2, $3)",
            [(AUTHORITY, figure, number) for figure, number in figures.items()],
        )
    finally:
        await connection.close()


OLD = datetime.date(2024, 1, 5)
_COLUMNS = (
    "record", "authority", "subject", "status", "revision", "document", "salt", "party", "party_type", "uscc",
    "document_no", "agency", "kinds", "fine_fen", "confiscated_fen", "decided_on", "published_on", "until",
    "changed_on", "reason", "haystack", "terms", "epoch", "position", "entry", "released",
)  # fmt: skip


def _row(record: str, one: Released, first: Document) -> list[Any]:
    told = one.document
    changed = told.changed
    party = told.head(0) or None
    number = None if told.number is UNSET else told.number
    hay = "" if told.tombstone else search_terms.haystack(party or "", str(number or ""), told.head(1))
    decided = told.head(2)
    try:
        day = datetime.date.fromisoformat(decided) if decided else None
    except ValueError:
        day = None
    return [
        UUID(record), AUTHORITY, told.subject, told.outcome, told.revision, one.data, one.salt, _pg(party),
        None if told.party_type is UNSET else told.party_type, _pg(told.head(1) or None), _pg(number),
        told.agency.name, list(told.kinds), told.fen("CF_NR_FK"), told.fen("CF_NR_WFFF"), day, first.published_on,
        None if told.until is UNSET else told.until, None if changed is UNSET else changed.on,
        None if changed is UNSET else _pg(changed.reason), hay, sorted(search_terms.terms(hay)), 1, one.position,
        one.entry, one.at,
    ]  # fmt: skip


def _pg(text: str | None) -> str | None:
    """PostgreSQL's text holds no U+0000."""
    return None if text is None else text.replace("\0", "")


@asynccontextmanager
async def site(database: TestDatabase, log: PaperDisclosures, **options: Any) -> AsyncIterator[str]:
    """The public application on `database`, as the role liuhen_public; gives its address."""
    from server.public import store
    from server.public.routes import make_public_app
    from tests.support.web import listening

    pool = await store.connect(database.dsn("liuhen_public"), size=4)
    try:
        async with listening(make_public_app(log.folder, pool, **options)) as url:
            yield url
    finally:
        await pool.close()
