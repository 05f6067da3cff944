"""`liuhen terminal`: the reference terminal on the command line, one folder for each terminal.

The folder holds `keys.json` (0600) and `queue.sqlite`. Secrets come from a file, from the environment or by prompt,
never as an argument: every user of the machine can read the arguments of its processes. Exit codes: 0 done and nothing
waits, 1 something still waits or is wrong, 2 refused.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from ops.cli import EXIT_NOT_IN_ORDER, Refusal

if TYPE_CHECKING:
    from ops.terminal.queue_file import Queue

CHINA = timezone(timedelta(hours=8))
MOST_INPUT = 1_000_000
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
LANGUAGE = click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="语言 language."
)


@click.group(epilog="Example: liuhen terminal --home ./t1 queue")
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="LIUHEN_TERMINAL_HOME",
    default=Path("terminal"),
    show_default=True,
    help="Folder of this terminal.",
)
@click.pass_context
def command(ctx: click.Context, home: Path) -> None:
    """Act as a terminal: enrol, record, synchronize. 模拟执法终端：登记、记录、同步。"""
    ctx.obj = home


@command.command(epilog="Example: liuhen terminal enrol --url http://127.0.0.1:8080 --paper paper.json")
@click.option("--url", required=True, help="Address of the server, e.g. https://host or http://127.0.0.1:8080.")
@click.option("--paper", type=click.File(encoding="utf-8"), help="What `enrol-code --json` printed; - for stdin.")
@click.option("--log", "log_key", help="Log verifier key as printed, instead of --paper.")
@click.option("--recovery", default="", help="Recovery key as printed, with --log.")
@click.option(
    "--code-file", type=click.File(encoding="utf-8"), help="File with the code; else LIUHEN_ENROLMENT_CODE, else asked."
)
@click.option("--info", multiple=True, metavar="KEY=VALUE", help="What the device says of itself.")
@click.option("--replaces", type=click.UUID, help="Terminal id that this one replaces.")
@JSON
@click.pass_obj
def enrol(
    home: Path, url: str, paper: Any, log_key: str | None, recovery: str, code_file: Any, info: tuple[str, ...],
    replaces: UUID | None, as_json: bool,
) -> None:  # fmt: skip
    """Enrol with what came on paper, and check all of the answer. 凭登记码登记。"""
    from ops.terminal import client, keys, transport, trust

    said = _paper(paper, log_key, recovery, code_file)
    about = dict(_pair(each) for each in info)
    with _refusals():
        printed = trust.Paper.read(said)
        transport.authority_of(url)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _queue(home) as queue:
            if queue.enrolled:
                raise Refusal(f"{home} is enrolled as {trust.id_text(queue.state.id)}: use another folder")
            pair = keys.load_or_create(home / "keys.json")

            async def talk() -> trust.Enrolled:
                async with transport.HttpTransport(url) as way:
                    return await client.enrol(
                        queue, pair, way, printed, url=url.rstrip("/"), info=about,
                        replaces=None if replaces is None else replaces.bytes,
                    )  # fmt: skip

            done = asyncio.run(talk())
    told = {"terminal": trust.id_text(done.terminal), "authority": done.authority, "epoch": done.epochs[-1].number}
    _tell(as_json, told, f"登记完成 enrolled: {told['terminal']}，{told['authority']}")


@command.command(
    epilog="Example: liuhen terminal record --type site.entered.v1 --about task:T1 --by officer-17 --body body.json"
)
@click.option("--type", "type_name", required=True, help="Event type; `liuhen schemas` lists them.")
@click.option("--about", multiple=True, required=True, metavar="KIND:VALUE", help="What it concerns; repeat it.")
@click.option("--by", multiple=True, required=True, metavar="OFFICER", help="Officer ids; the first one operated.")
@click.option(
    "--body", "body_file", type=click.File(encoding="utf-8"), required=True, help="JSON of the body; - for stdin."
)
@click.option("--occurred", help="When the act took place: ISO 8601 or ms since 1970; default now.")
@click.option(
    "--private", "private_file", type=click.File(encoding="utf-8"), help='JSON of private fields: {"signer_name": "…"}.'
)
@click.option(
    "--attach",
    "attached",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File that the record relies on; repeat it.",
)
@JSON
@click.pass_obj
def record(
    home: Path, type_name: str, about: tuple[str, ...], by: tuple[str, ...], body_file: Any, occurred: str | None,
    private_file: Any, attached: tuple[Path, ...], as_json: bool,
) -> None:  # fmt: skip
    """Make one record; works offline. 记录一件事（可离线）。"""
    from ops.terminal import forms, trust
    from ops.terminal.client import real_tick
    from ops.terminal.queue_file import Draft, describe_file

    with _refusals(), _queue(home) as queue:
        body = forms.from_json(type_name, _json(body_file, "--body"))
        hidden = _json(private_file, "--private") if private_file else {}
        files = [describe_file(path, _media_type(path)) for path in attached]
        draft = Draft(type_name, about, body, by, _instant(occurred), hidden, files)
        made = queue.record(draft, real_tick())
        told = {"seq": made.seq, "id": trust.id_text(made.id), "hash": made.hash.hex()}
    _tell(as_json, told, f"已记录 recorded: 第 {made.seq} 条，{told['id']}")


@command.command(
    epilog="Example: liuhen terminal correct 019b77b0-0000-7000-8000-000000000001 --by officer-17 "
    "--set '$.place=\"一车间\"' --reason 笔误"
)
@click.argument("event")
@click.option("--by", multiple=True, required=True, metavar="OFFICER", help="Officer ids; the first one operated.")
@click.option("--reason", required=True, help="Why, or what is explained.")
@click.option("--set", "changes", multiple=True, metavar="PATH=JSON", help="A field as it should be; repeat it.")
@click.option("--about", multiple=True, metavar="KIND:VALUE", help="What it concerns, where nobody asked for it.")
@click.option("--withdraw", is_flag=True, help="The record as a whole is struck out.")
@JSON
@click.pass_obj
def correct(
    home: Path, event: str, by: tuple[str, ...], reason: str, changes: tuple[str, ...], about: tuple[str, ...],
    withdraw: bool, as_json: bool,
) -> None:  # fmt: skip
    """Correct an earlier record by a new one that cites it; works offline. 更正已有记录（另作一条，引用原记录）。"""
    from ops.terminal import desk, forms, trust
    from ops.terminal.client import real_tick
    from ops.terminal.queue_file import Draft

    with _refusals(), _queue(home) as queue:
        asked = desk.asked_for(queue, event)
        if asked is None and not about:
            raise Refusal("nobody asked to correct this record: say what it concerns with --about KIND:VALUE")
        told = forms.correction(event, reason, changes, asked, withdraw=withdraw)
        tags = (*about, *((f"{asked['kind']}:{asked['key']}",) if asked is not None else ()))
        body = forms.from_json(forms.CORRECTION, told)
        made = queue.record(Draft(forms.CORRECTION, tags, body, by, _instant(None)), real_tick())
        answer = {"seq": made.seq, "id": trust.id_text(made.id), "hash": made.hash.hex(), "target_event": event}
    _tell(as_json, answer, f"已记录更正 recorded: 第 {made.seq} 条，{answer['id']}，引用 {event}")


@command.command(epilog="Example: liuhen terminal attach photo.jpg")
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--type", "media_type", help="Media type; guessed from the name if not given.")
@JSON
@click.pass_obj
def attach(home: Path, path: Path, media_type: str | None, as_json: bool) -> None:
    """Attach a file to the next record. 附加文件，由下一条记录声明。"""
    from ops.terminal.queue_file import describe_file

    with _refusals(), _queue(home) as queue:
        _ = queue.state
        file = describe_file(path, media_type or _media_type(path))
        queue.attach(file)
    told = {"path": file.path, "sha256": file.sha256.hex(), "size": file.size, "type": file.type}
    _tell(as_json, told, f"已附加 attached: {file.path}（{file.size} 字节）")


@command.command(name="queue", epilog="Example: liuhen terminal queue --lang en")
@LANGUAGE
@JSON
@click.pass_context
def show_queue(ctx: click.Context, lang: str, as_json: bool) -> None:
    """Say what waits, why, and what to do. 什么在等待、为什么、怎么办。"""
    from ops.terminal import trust, words

    with _refusals(), _queue(ctx.obj) as queue:
        state = queue.state
        lines = words.explain(queue, "en" if lang == "en" else "zh")
        told = {
            "terminal": trust.id_text(state.id),
            "authority": state.authority,
            "newest": queue.newest,
            "waiting": queue.unsent(),
            "receipted": queue.receipted(),
            "watermark": state.watermark,
            "proven": state.proven,
            "forked": state.forked is not None,
            "held": state.held,
            "trouble": state.trouble,
            "matters": [asdict(line) for line in lines],
        }
    marks = {"alarm": "!!", "waiting": "..", "well": "ok"}
    text = "\n".join(
        f"{marks[line.weight]} {line.what}"
        + (f"\n     {'why: ' if lang == 'en' else '原因：'}{line.why}" if line.why else "")
        + (f"\n     {'do: ' if lang == 'en' else '办法：'}{line.todo}" if line.todo else "")
        for line in lines
    )
    _tell(as_json, told, text)
    if any(line.weight != "well" for line in lines):
        ctx.exit(EXIT_NOT_IN_ORDER)


@command.command(epilog="Example: liuhen terminal sync --json")
@click.option("--url", help="New address of the server, if it moved; it is remembered.")
@click.option("--tries", default=6, show_default=True, type=click.IntRange(1, 1000), help="Attempts without success.")
@click.option(
    "--encoding",
    type=click.Choice(["zstd", "gzip", "none"]),
    default="zstd",
    show_default=True,
    help="Compression of what is sent.",
)
@LANGUAGE
@JSON
@click.pass_context
def sync(ctx: click.Context, url: str | None, tries: int, encoding: str, lang: str, as_json: bool) -> None:
    """Hand over what waits and verify every receipt. 上传并核验回执。"""
    from ops.terminal import client, keys, transport

    with _refusals(), _queue(ctx.obj) as queue:
        pair = keys.load(ctx.obj / "keys.json")
        if url is not None:
            transport.authority_of(url)
            queue.move_to(url.rstrip("/"))
        address = queue.state.url

        async def talk() -> client.Report:
            async with transport.HttpTransport(address) as way:
                patience = client.Patience(tries=tries)
                coding = "" if encoding == "none" else encoding
                talker = client.Client(queue, pair, way, patience=patience, encoding=coding, language=lang)
                with _progress(queue.unsent()) as step:
                    return await talker.sync(step)

        report = asyncio.run(talk())
    text = (
        f"回执 {report.receipts} 份均已核验：新入库 {report.recorded}，重复 {report.duplicates}，待传 {report.waiting}"
        if lang == "zh"
        else f"{report.receipts} receipts verified: {report.recorded} recorded, {report.duplicates} duplicates, "
        f"{report.waiting} waiting"
    )
    if report.stopped is not None:
        text += f"\n{report.stopped}: {report.detail}"
    _tell(as_json, asdict(report), text)
    if report.stopped is not None or report.alarm or report.waiting:
        ctx.exit(EXIT_NOT_IN_ORDER)


@command.command(name="upload", epilog="Example: liuhen terminal upload --json")
@click.option("--tries", default=6, show_default=True, type=click.IntRange(1, 1000), help="Attempts without success.")
@LANGUAGE
@JSON
@click.pass_context
def upload_files(ctx: click.Context, tries: int, lang: str, as_json: bool) -> None:
    """Hand over declared files, resuming after cuts, and fetch the receipt. 上传附件（断点续传）。"""
    from ops.terminal import client, keys, transport, uploads

    with _refusals(), _queue(ctx.obj) as queue:
        pair = keys.load(ctx.obj / "keys.json")
        total = sum({file.sha256: file.size for _, file in queue.missing_blobs()}.values())

        async def talk() -> uploads.Report:
            async with transport.HttpTransport(queue.state.url) as way:
                talker = client.Client(queue, pair, way, patience=client.Patience(tries=tries), language=lang)
                with _progress(total) as step:
                    done = await uploads.Uploads(talker).run(None if step is None else lambda came: step(came, total))
                await talker.sync()  # only a receipt says what the server holds
                return done

        report = asyncio.run(talk())
        missing = len({file.sha256 for _, file in queue.missing_blobs()})
    text = (
        f"已上传 {report.files} 个附件（续传 {report.resumed}，中断 {report.cuts} 次），服务器尚缺 {missing} 个"
        if lang == "zh"
        else f"{report.files} files uploaded ({report.resumed} resumed, {report.cuts} cuts), {missing} still missing"
    )
    text += "".join(f"\n{one.path}: {one.code}: {one.detail}" for one in report.refused)
    _tell(as_json, {**asdict(report), "missing": missing}, text)
    if missing or report.refused:
        ctx.exit(EXIT_NOT_IN_ORDER)


@command.command(name="receipts", epilog="Example: liuhen terminal receipts --limit 5 --json")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest first.")
@JSON
@click.pass_obj
def show_receipts(home: Path, limit: int, as_json: bool) -> None:
    """List the verified receipts that are kept. 列出已核验并保存的回执。"""
    from schemas import receipt

    rows: list[dict[str, Any]] = []
    with _refusals(), _queue(home) as queue:
        _ = queue.state
        for number, taken, first, last, data in queue.receipts(limit):
            got, _message = receipt.decode(data)
            origin, size = got.checkpoint.split("\n")[:2]
            rows.append(
                {
                    "number": number, "taken": taken, "first": first, "last": last, "log": origin, "size": int(size),
                    "outcomes": sorted({each.outcome for each in got.results}), "durable": got.durable,
                    "watermark": got.watermark,
                }
            )  # fmt: skip
        total = queue.receipt_count()
    lines = [
        f"{row['number']:>6}  {datetime.fromtimestamp(row['taken'] / 1000, CHINA):%Y-%m-%d %H:%M:%S}  "
        + (f"{row['first']}–{row['last']}" if row["last"] >= row["first"] else "心跳 heartbeat")
        + f"  {row['log']} @ {row['size']}  {row['durable']}"
        for row in rows
    ]
    _tell(as_json, {"total": total, "receipts": rows}, "\n".join([*lines, f"共 {total} 份 receipts"]))


@command.command(name="changes", epilog="Example: liuhen terminal changes --lang en")
@click.option("--offline", is_flag=True, help="Show what was fetched before; ask nobody.")
@LANGUAGE
@JSON
@click.pass_context
def show_changes(ctx: click.Context, offline: bool, lang: str, as_json: bool) -> None:
    """Fetch what concerns this terminal's officers, and show it. 取回任务、期限、提示与号段。"""
    from ops.terminal import client, desk, keys, transport

    with _refusals(), _queue(ctx.obj) as queue:
        state = queue.state
        came = 0
        if not offline:
            pair = keys.load(ctx.obj / "keys.json")

            async def talk() -> int:
                async with transport.HttpTransport(state.url) as way:
                    return await client.Client(queue, pair, way, language=lang).fetch_changes()

            came = asyncio.run(talk())
        as_of = client.real_tick().wall + (state.clock_offset or 0)
        due = desk.deadlines(queue, as_of)
        stand = desk.signals(queue, as_of)
        mend = desk.corrections(queue)
        looked = desk.reviews(queue)
        known = desk.items(queue)
        fetched = desk.fetched_at(queue)
    told = {
        "came": came, "fetched": fetched, "items": [_plain(item) for item in known],
        "deadlines": [asdict(each) for each in due], "signals": _plain(stand), "corrections": _plain(mend),
        "reviews": _plain(looked),
    }  # fmt: skip
    marks = {"due": "!!", "ahead_1": "! ", "ahead_3": "..", "running": "  "}
    lines = [
        f"{marks[each.state]} {_day(each.due)}  {each.rule}  {each.kind} {each.key}  {getattr(each, lang)}"
        for each in due
    ]
    lines += [f"?? {one.get('rule')}  {one['kind']} {one['key']}  {one.get(lang)}" for one in stand]
    lines += [
        f"-> {one.get('rule')}  {one['kind']} {one['key']}  {one.get(lang)}"
        + (f"  （correct {one.get('about')}）" if one.get("asked_in") else "")
        for one in mend
    ]
    lines += [f"== {one['kind']} {one['key']}  {_review(one, lang)}" for one in looked]
    lines += [
        f"## {item['key']}  {block.get('first')}–{block.get('last')}"
        for item in known
        for block in item.get("blocks", ())
    ]
    counts: dict[str, int] = {}
    for item in known:
        counts[item["kind"]] = counts.get(item["kind"], 0) + 1
    total = "，".join(f"{kind} {number}" for kind, number in sorted(counts.items())) or "0"
    last = f"共有 known: {total}" + (f"，新到 came: {came}" if came else "")
    _tell(as_json, told, "\n".join([*lines, last]))


_REVIEW_STATES = {
    "requested": ("法制审核待分派", "legal review waits for a reviewer"),
    "assigned": ("法制审核中", "under legal review"),
    "returned": ("法制审核退回，未作意见", "returned by legal review, without an opinion"),
    "withdrawn": ("送审已撤回", "taken back from legal review"),
    "passed": ("法制审核通过", "passed legal review"),
    "returned_for_correction": ("法制审核退回修改", "returned by legal review for correction"),
    "rejected": ("法制审核不同意", "rejected by legal review"),
    "transfer_suggested": ("法制审核建议移送", "legal review suggests a transfer"),
}


def _review(one: dict[str, Any], lang: str) -> str:
    """Where a review stands, for whoever handles the case."""
    zh, en = _REVIEW_STATES.get(str(one.get("state")), (str(one.get("state")), str(one.get("state"))))
    said = en if lang == "en" else zh
    draft = f"draft {one.get('version')}" if lang == "en" else f"草案第 {one.get('version')} 版"
    missing = one.get("missing") or []
    more = "；".join([str(one.get("text") or ""), *(str(line) for line in missing)])
    return f"{draft}: {said}" + (f": {more}" if more else "")


@command.command(name="number", epilog="Example: liuhen terminal number --token 责改")
@click.option("--token", required=True, help="Document word, e.g. 责改.")
@click.option("--year", type=click.IntRange(1949, 2199), help="Year of the sequence; default this one.")
@JSON
@click.pass_obj
def take_number(home: Path, token: str, year: int | None, as_json: bool) -> None:
    """Take the next document number of this terminal's block; works offline. 从预留号段取下一个文号。"""
    from ops.terminal import client, desk

    with _refusals(), _queue(home) as queue:
        tick = client.real_tick()
        as_of = tick.wall + (queue.state.clock_offset or 0)
        chosen = year or datetime.fromtimestamp(as_of / 1000, CHINA).year
        try:
            taken = desk.take_number(queue, token, chosen, as_of, tick)
        except desk.NoNumber as none:
            raise Refusal(f"{none.code}: {none}") from None
    told = {**asdict(taken), "about": f"document:{taken.document_no}"}
    _tell(as_json, told, f"{taken.document_no}（余 left: {taken.left}）")


# -- helpers --


def _day(instant: int) -> str:
    """The last day of a period that ends at an instant."""
    return f"{datetime.fromtimestamp((instant - 1) / 1000, CHINA):%Y-%m-%d}"


def _plain(value: Any) -> Any:
    """For JSON: bytes as hex."""
    match value:
        case bytes():
            return value.hex()
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _queue(home: Path) -> Queue:
    from ops.terminal.queue_file import Queue

    path = home / "queue.sqlite"
    if not home.is_dir():
        raise Refusal(f"no terminal in {home}: run `liuhen terminal --home {home} enrol` first")
    return Queue(path)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the library's refusals into one sentence each."""
    from ops.terminal import client, forms, keys, queue_file, transport, trust

    known = (
        client.Refused, forms.FormRefused, keys.KeyFileRefused, queue_file.QueueRefused, queue_file.RecordRefused,
        transport.NoAnswer, trust.Distrusted, trust.PaperRefused, ValueError,
    )  # fmt: skip
    try:
        yield
    except known as fault:
        raise Refusal(str(fault)) from None


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on a terminal, nothing otherwise."""
    if not sys.stderr.isatty() or not total:
        yield None
        return
    with click.progressbar(length=total, label="上传 upload", file=sys.stderr) as bar:

        def step(done: int, length: int) -> None:
            bar.length = length
            bar.update(done - bar.pos)

        yield step


def _paper(paper: Any, log_key: str | None, recovery: str, code_file: Any) -> dict[str, Any]:
    if paper is not None:
        said = _json(paper, "--paper")
        if not isinstance(said, dict):
            raise Refusal("--paper: expected one JSON object with code, host, log and recovery")
        return said
    if log_key is None:
        raise Refusal("expected --paper FILE, or --log KEY with the code; `liuhen terminal enrol --help` shows how")
    if code_file is not None:
        code = code_file.read(MOST_INPUT).strip()
    else:
        code = os.environ.get("LIUHEN_ENROLMENT_CODE", "").strip()
        if not code:
            code = click.prompt("登记码 enrolment code", hide_input=True, err=True)
    return {"code": code, "host": log_key.partition("/")[0], "log": log_key, "recovery": recovery}


def _json(file: Any, option: str) -> Any:
    try:
        return json.loads(file.read(MOST_INPUT))
    except (ValueError, RecursionError) as fault:
        raise Refusal(f"{option}: expected JSON: {fault}") from None


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise Refusal(f"--info: expected KEY=VALUE, got {text!r}")
    return key, value


def _instant(text: str | None) -> int:
    if text is None:
        return int(datetime.now(UTC).timestamp() * 1000)
    if text.lstrip("-").isdecimal():
        return int(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"--occurred: expected 2026-03-01T09:30 or milliseconds, got {text!r}") from None
    return int((at if at.tzinfo else at.replace(tzinfo=CHINA)).timestamp() * 1000)


def _media_type(path: Path) -> str:
    import mimetypes

    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _tell(as_json: bool, told: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else text)
