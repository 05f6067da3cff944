"""`liuhen schemas`: the published event types, listed, or written as the files that third parties read.

What the files hold is decided in `schemas.publish` and `domain.process_page`; this verb only writes them. Invariant: a
published type never changes, so nothing is written when a locked digest would change.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from ops.cli import Refusal


@click.command(epilog="Example: liuhen schemas --json")
@click.option("--json", "as_json", is_flag=True, help="A JSON array instead of a table.")
@click.option("--write", is_flag=True, help="Write schemas/published/, the lock of digests, docs/process.md.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write below; the schemas room of this checkout when not given.",
)
def command(as_json: bool, write: bool, into: Path | None) -> None:
    """List or write the published event types. 列出或生成事件类型的公开模式。"""
    from schemas import publish

    if into is not None and not write:
        raise Refusal("--into says where to write: give --write as well")
    if write:
        from domain import process_page

        room = Path(publish.__file__).parent
        written = _write(publish.render(), into or room)
        if into is None and (docs := room.parent / "docs").is_dir():
            written += _put({"process.md": process_page.render().encode()}, docs)
        click.echo(json.dumps({"written": written}) if as_json else f"{len(written)} files changed")
        return
    types = publish.list_types()
    if as_json:
        click.echo(json.dumps(types, ensure_ascii=False))
        return
    width = max(len(one["type"]) for one in types)
    for one in types:
        click.echo(
            f"{one['family']}  {one['type']:<{width}}  {one['origin']:<6}  {one['title']['zh']}  {one['title']['en']}"
        )


def _write(files: dict[str, bytes], folder: Path) -> list[str]:
    """Write what differs; return the paths, relative to `folder`."""
    from schemas import publish

    lock = folder / publish.LOCK
    if lock.exists():
        conflicts = publish.lock_conflicts(lock.read_text("utf-8"))
        if conflicts:
            raise Refusal(
                f"{conflicts[0]} was published and would change: give the changed type a new version (…v2) instead"
            )
    return _put(files, folder)


def _put(files: dict[str, bytes], folder: Path) -> list[str]:
    changed = []
    try:
        for name, content in sorted(files.items()):
            path = folder / name
            if path.exists() and path.read_bytes() == content:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            changed.append(name)
    except OSError as fault:
        raise Refusal(f"{fault.filename} cannot be written: {fault.strerror}") from fault
    return changed
