"""`liuhen fleet`: many simulated terminals against a server; the goal is a verified receipt for every record.

Exit codes: 0 the goal was reached within the deadline, 1 it was not, 2 refused.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from ops.cli import EXIT_NOT_IN_ORDER, Refusal

MOST_PAPER = 20_000_000


@click.command(
    epilog="Example: liuhen fleet --url http://127.0.0.1:8080 --papers papers.jsonl --terminals 4 --events 50"
)
@click.option("--url", required=True, help="Address of the server.")
@click.option("--terminals", default=4, show_default=True, type=click.IntRange(1, 10_000), help="How many terminals.")
@click.option("--events", default=25, show_default=True, type=click.IntRange(1, 1_000_000), help="Records of each.")
@click.option("--seed", default=1, show_default=True, help="Decides stories and accidents.")
@click.option("--deadline", default=60.0, show_default=True, type=click.FloatRange(1, 86_400), help="Seconds.")
@click.option("--mischief", default=0.25, show_default=True, type=click.FloatRange(0, 0.9), help="Share of accidents.")
@click.option(
    "--papers",
    type=click.File(encoding="utf-8"),
    help="What `enrol-code --json` printed, one line for each new terminal; - for stdin.",
)
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="Keep the terminals in this folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def command(
    ctx: click.Context, url: str, terminals: int, events: int, seed: int, deadline: float, mischief: float,
    papers: Any, home: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Play many terminals with bad networks and wrong clocks. 多台终端弱网演练。

    Every terminal needs an enrolment code of its own, or a folder in --home where it enrolled before.
    """
    from ops import fleet
    from ops.terminal import keys, queue_file, transport, trust

    known = (ValueError, trust.PaperRefused, keys.KeyFileRefused, queue_file.QueueRefused)
    plan = fleet.Plan(terminals, events, seed, deadline, mischief)
    lines = _papers(papers)
    say = None if as_json else (lambda text: click.echo(text, err=True))
    with ExitStack() as stack:
        folder = home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="liuhen-fleet-")))
        try:
            transport.authority_of(url)
            outcome = asyncio.run(fleet.run(plan, url.rstrip("/"), folder, lines, say=say))
        except known as fault:
            raise Refusal(str(fault)) from None
        except BaseExceptionGroup as faults:
            ours, others = faults.split(known)
            if ours is None or others is not None:
                raise
            raise Refusal(str(_first(ours))) from None
    told = outcome.summary()
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        accidents = ", ".join(f"{name} {count}" for name, count in told["mischief"].items() if count)
        click.echo(
            f"{'目标达成 reached' if outcome.reached else '目标未达成 not reached'}: "
            f"{told['receipted']}/{told['events']} 条有回执 receipted, "
            f"核验 verified {told['receipts_verified']} 份 receipts, {told['seconds']} s\n"
            f"事故 accidents: {accidents or '-'}"
        )
        for crew in outcome.crews:
            if crew.trouble is not None:
                click.echo(f"{crew.name}: {crew.trouble}")
    if not outcome.reached:
        ctx.exit(EXIT_NOT_IN_ORDER)


def _papers(file: Any) -> list[dict[str, object]]:
    if file is None:
        return []
    found: list[dict[str, object]] = []
    for number, line in enumerate(file.read(MOST_PAPER).splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise Refusal(f"--papers: line {number} is not JSON; expected what `enrol-code --json` prints") from None
        found += value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in found):
        raise Refusal("--papers: expected one JSON object with code, host, log and recovery in each line")
    return found


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    for each in group.exceptions:
        return _first(each) if isinstance(each, BaseExceptionGroup) else each
    raise AssertionError("a group is never empty")
