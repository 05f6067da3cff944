"""Why a file is no table that can be read."""

from __future__ import annotations


class TableRefused(ValueError):
    """A file is no table that can be read: what was expected, what came, what to do next, in both languages."""

    def __init__(self, en: str, zh: str) -> None:
        """Both sentences; the exception's own text is the English one."""
        super().__init__(en)
        self.zh, self.en = zh, en


def split_it(name: str, en: str, zh: str) -> TableRefused:
    """There is too much of something in a file."""
    return TableRefused(f"{name} {en}: split it", f"{name} {zh}：请分开")


def save_anew(name: str, fault: Exception) -> TableRefused:
    """A spreadsheet is damaged, or was not made by a program for spreadsheets."""
    kind = type(fault).__name__
    return TableRefused(
        f"{name} is no spreadsheet that can be read ({kind}): save it anew",
        f"{name} 不是可以读取的电子表格（{kind}）：请重新保存",
    )
