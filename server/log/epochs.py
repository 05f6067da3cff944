"""Beginning a log: leaf 0 of an epoch, which names its keys and is signed by the key before it.

Epoch 1 is signed by the recovery key. A later epoch begins when keys change or when the database was restored from an
older state; it quotes the newest known checkpoint of the epoch before, which an auditor may hold against the old tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas import entries, merkle
from schemas.keys import Signer
from schemas.notes import Checkpoint, sign_checkpoint
from server.log import store
from server.log.keyring import EpochKeys, KeyMissing, Keyring
from server.log.register import Register
from server.log.store import Connection


class EpochRefused(Exception):
    """A new epoch cannot begin; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A log that was begun: id, epoch and first note."""

    log_id: int
    authority: str
    epoch: int
    note: str
    verifier: str


async def begin_epoch(
    connection: Connection,
    queries: Mapping[str, str],
    keyring: Keyring,
    register: Register,
    *,
    authority: str,
    host: str,
    received: int,
    kind: Literal["authority", "application"] = "authority",
    create_recovery: bool = False,
) -> Begun:
    """Begin the next epoch of an authority (epoch 1 if it has no log yet) and register its first note.

    Safe to repeat after a crash before the commit. Raises EpochRefused, KeyMissing.
    """
    rows = await connection.fetch(queries["logs_of"], authority)
    epoch = 1 if not rows else rows[-1]["epoch"] + 1
    # A database from before the newest epochs lacks their leaves, which terminals have followed already: put them back.
    while (lost := keyring.leaf(authority, epoch)) is not None and rows:
        await _insert(connection, queries, keyring, authority, epoch, kind, lost)
        rows = await connection.fetch(queries["logs_of"], authority)
        epoch += 1
    newest = rows[-1] if rows else None
    previous = ""
    signer: Signer
    if newest is None:
        signer = keyring.recovery(authority, create=create_recovery)
    else:
        # The register knows the newest checkpoint that ever left this server; the database may be older.
        previous = register.notes.get(newest["origin"]) or newest["note"]
        try:
            signer = keyring.epoch(authority, newest["epoch"]).log.signer
        except KeyMissing:
            signer = keyring.recovery(authority)
    keys = keyring.create(authority, epoch, host)
    entry = _epoch_entry(keys, signer, authority, epoch, host, previous, received)
    log_id, note = await _insert(connection, queries, keyring, authority, epoch, kind, entry)
    # Committed: the register follows, as after every group; then the copy of the leaf.
    await register.persist({keys.log.name: note})
    keyring.keep_leaf(authority, epoch, entry)
    return Begun(log_id, authority, epoch, note, str(keys.verifier))


async def _insert(
    connection: Connection,
    queries: Mapping[str, str],
    keyring: Keyring,
    authority: str,
    epoch: int,
    kind: str,
    entry: bytes,
) -> tuple[int, str]:
    """A log of one entry: its leaf 0."""
    keys = keyring.epoch(authority, epoch)
    leaf = merkle.leaf_hash(entry)
    root = merkle.root_of([leaf])
    note = sign_checkpoint(Checkpoint(keys.log.name, 1, root), keys.log)
    async with connection.transaction():
        log_id: int = await connection.fetchval(queries["create_log"], authority, epoch, keys.log.name, kind)
        await store.copy_entries(connection, [(log_id, 0, [entry])])
        await connection.execute(queries["advance"], [log_id], [0], [1], [root], [leaf], [note])
    return log_id, note


def _epoch_entry(
    keys: EpochKeys, signer: Signer, authority: str, epoch: int, host: str, previous: str, received: int
) -> bytes:
    public = {
        "authority": authority,
        "epoch": epoch,
        "host": host,
        "data": keys.data_public,
        "log": str(keys.verifier),
        "receipt": keys.receipt.public,
        "previous": previous,
        "received": received,
    }
    return entries.epoch_entry(**public, sig=signer.sign(entries.epoch_message(**public)))  # type: ignore[arg-type]  # one map for both, checked by the tests
