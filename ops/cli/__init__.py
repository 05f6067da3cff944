"""The command `liuhen`: a table of verbs, each in a module of its own that is imported when the verb is called.

So `liuhen --help` is quick and a fault in one verb cannot break another. Every refusal is one sentence on stderr and
exit code 2; whatever is not a refusal is our mistake and shows its trace. Invariant: the table is the whole list,
and each module in it exposes a click command named `command` with an example in its epilog.
"""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click

EXIT_NOT_IN_ORDER = 1
EXIT_REFUSED = 2


@dataclass(frozen=True, slots=True)
class Verb:
    """One line of `liuhen --help`: where the command is, under which heading it stands, and what it does."""

    module: str
    group: str
    en: str
    zh: str


GROUPS: dict[str, tuple[str, str]] = {
    "run": ("Run", "运行"),
    "people": ("People", "人员"),
    "keep": ("Administer", "管理"),
    "look": ("Look", "查看"),
    "build": ("Build", "构建"),
}
VERBS: dict[str, Verb] = {
    "demo": Verb("ops.cli.demo", "run", "Show everything on this machine.", "在本机演示全部功能"),
    "serve": Verb("ops.cli.serve", "run", "Run the server.", "运行服务器"),
    "terminal": Verb(
        "ops.cli.terminal", "run", "Act as a terminal: enrol, record, sync.", "模拟执法终端：登记、记录、同步"
    ),
    "fleet": Verb("ops.cli.fleet", "run", "Play many terminals against a server.", "用多台模拟终端检验服务器"),
    "year": Verb("ops.cli.year", "run", "Load a generated year, check the signals.", "载入生成的年度数据，检验预警"),
    "authority": Verb("ops.cli.authority", "keep", "Begin and list the logs of authorities.", "建立、列出机关日志"),
    "enrol-code": Verb("ops.cli.enrol_code", "keep", "Issue a code that enrols a terminal.", "签发终端登记码"),
    "backup": Verb("ops.cli.backup", "keep", "Back up, verify the copy, confirm it.", "备份并确认"),
    "evidence": Verb("ops.cli.evidence", "keep", "Check the files of evidence.", "复核证据文件"),
    "import": Verb(
        "ops.cli.imports", "keep", "Take over registers from tables, publish rules.", "导入台账，发布本机关规则"
    ),
    "migrate": Verb("ops.cli.migrate", "keep", "Bring an outside database up to date.", "升级数据库结构"),
    "verify": Verb("ops.cli.verify", "look", "Recompute a log and name what is wrong.", "重算并核验日志"),
    "export-log": Verb(
        "ops.cli.export_log", "keep", "Write a log as tiles that outsiders can verify.", "导出可独立核验的日志"
    ),
    "case": Verb("ops.cli.case", "keep", "Export a case file that proves itself.", "导出可独立核验的卷宗"),
    "webhook": Verb(
        "ops.cli.webhook", "keep", "Tell other systems what happens; send again.", "管理推送目标（Webhook）"
    ),
    "terminals": Verb("ops.cli.terminals", "look", "List terminals and how each stands.", "列出终端状态"),
    "epoch": Verb("ops.cli.epoch", "keep", "Begin a new epoch after a restore.", "恢复后开始新纪元"),
    "doctor": Verb(
        "ops.cli.doctor", "look", "Say whether this machine is fit to run liuhen.", "检查本机是否满足运行条件"
    ),
    "report": Verb("ops.cli.report", "look", "Figures of a period, as of a position.", "统计报告"),
    "rebuild": Verb("ops.cli.rebuild", "keep", "Make the projections again from the log.", "由日志重建投影"),
    "schemas": Verb(
        "ops.cli.schemas", "build", "List or write the published event types.", "列出或生成事件类型的公开模式"
    ),
    "bench": Verb("ops.cli.bench", "look", "Measure this machine beside peers.", "测量本机性能"),
    "user": Verb("ops.cli.user", "people", "Add, list and close officers' accounts.", "管理执法人员账号"),
    "unit": Verb("ops.cli.unit", "people", "Make and list units of authorities.", "管理内设机构"),
    "token": Verb("ops.cli.tokens", "people", "Make access tokens for programs.", "管理程序访问令牌"),
}


class Refusal(click.ClickException):
    """A command cannot do its work: one sentence that says what was expected, what came, and what to do next."""

    exit_code = EXIT_REFUSED

    def show(self, file: Any = None) -> None:
        """Print the sentence in the style of the rest: `liuhen: …`."""
        click.echo(f"liuhen: {self.format_message()}", file=file or sys.stderr)


class Verbs(click.Group):
    """The table as a click group: knows every name, imports only the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, None when there is no such verb."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        command = importlib.import_module(verb.module).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown name is answered with those that come near it."""
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            import difflib

            near = difflib.get_close_matches(args[0], VERBS, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else "`liuhen --help` lists all commands"
            raise Refusal(f"no such command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table under its headings, without importing anything."""
        for group, (en, zh) in GROUPS.items():
            rows = [(name, f"{verb.en} {verb.zh}") for name, verb in VERBS.items() if verb.group == group]
            if rows:
                with formatter.section(f"{en} {zh}"):
                    formatter.write_dl(rows)


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: liuhen doctor",
    no_args_is_help=False,
    invoke_without_command=True,
)
@click.option(
    "--settings", type=click.Path(path_type=Path), help="Settings file (TOML); LIUHEN_* variables win over it."
)
@click.version_option(package_name="liuhen", message="liuhen %(version)s")
@click.pass_context
def root(ctx: click.Context, settings: Path | None) -> None:
    """liuhen 留痕: the record of work-safety enforcement that nobody can change unnoticed.

    安全生产行政执法全过程留痕系统。
    """
    ctx.obj = settings
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process: 0 done, 1 not in order, 2 refused, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        # Chinese text must come out under LC_ALL=C and into pipes alike.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        outcome = root.main(args=arguments, prog_name="liuhen", standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as fault:
        if not isinstance(fault, Refusal):
            fault = Refusal(_one_sentence(fault))
        fault.show()
        sys.exit(fault.exit_code)
    except BrokenPipeError:
        # The reader went away (`liuhen … | head`): not a fault, and Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as fault:
        if not _is_refusal(fault):
            raise
        Refusal(str(fault)).show()
        sys.exit(EXIT_REFUSED)
    sys.exit(outcome if isinstance(outcome, int) else 0)


def _one_sentence(fault: click.ClickException) -> str:
    where = fault.ctx.command_path if isinstance(fault, click.UsageError) and fault.ctx is not None else "liuhen"
    return f"{fault.format_message().rstrip('.')}; see `{where} --help`"


def _is_refusal(fault: Exception) -> bool:
    """Whether a room's exception is a refusal in one sentence, told from a mistake of ours by its type."""
    known = {
        ("ops.postgres", "ClusterError"),
        ("ops.backup", "BackupRefused"),
        ("ops.migrate", "MigrationRefused"),
        ("ops.settings", "SettingsError"),
        ("server.identity.sealing", "SealKeyUnfit"),
        ("server.log.epochs", "EpochRefused"),
        ("server.log.keyring", "KeyMissing"),
        ("server.log.register", "RegisterRefused"),
        ("server.log.store", "DatabaseUnfit"),
        ("server.public.store", "SeesTooMuch"),
    }
    return any((kind.__module__, kind.__name__) in known for kind in type(fault).__mro__)
