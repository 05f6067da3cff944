"""Texts that break what handles text carelessly: 500 and more, made here, always the same.

Each may stand in any published column. They are text: valid Unicode, no lone surrogates (no document holds those).
"""

# ruff: noqa: E501 - lists of short texts read better side by side

from __future__ import annotations

import random
from collections.abc import Iterator

SEED = 20261130
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1", "\n=1", "'", "''", "'=1", "=HYPERLINK(\"http://192.0.2.1\",\"x\")",
            "＝1+1", "＋1", "－1", "＠x", "=\u200b1", "%0A=1", ";=1", ",=1", "\"=1\"", "+-+-1", "--1", "@@", "=DDE(\"x\";\"y\";\"z\")")  # fmt: skip
MARKUP = (
    "<script>window.hit=1</script>", "<img src=x onerror=window.hit=1>", "\"><script>window.hit=1</script>", "'><svg onload=window.hit=1>",
    "</title><script>window.hit=1</script>", "</textarea><script>window.hit=1</script>", "<svg><script>window.hit=1</script></svg>",
    "javascript:window.hit=1", "<a href=\"javascript:window.hit=1\">x</a>", "<iframe src=//192.0.2.1></iframe>", "<!--", "-->", "<![CDATA[", "]]>",
    "<?xml version=\"1.0\"?>", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>&e;", "&amp;", "&lt;", "&#13;", "&#x0;", "&nosuch;", "&", "<", ">",
    "{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "%s%n%x", "%(name)s", "{0}", "{}", "\\u0041", "\\x41", "\\", "\\\\", "\\n", "\"", "'", "`", "``",
    "';DROP TABLE published.records;--", "' OR '1'='1", "1;SELECT pg_sleep(9)", "%27", "%", "_", "%%", "$1", "$$", "null", "NULL", "undefined", "NaN", "true", "false", "0",
    "-0", "1e1000", "0x10", "00012", "1,5", "2026-02-30", "1/2", "../../../etc/passwd", "/etc/passwd\\", "C:\\CON", "file:///", "http://192.0.2.1/x", "//192.0.2.1",
    "<style>*{display:none}</style>", "<base href=//192.0.2.1>", "<meta http-equiv=refresh content=0;url=//192.0.2.1>", "<form action=//192.0.2.1>", "<math><mtext></p>",
    "<p hidden>", "</dd></dl>", "</script>", "<bdo dir=rtl>x", "data:text/html,<script>window.hit=1</script>", "x\" onmouseover=\"window.hit=1", "x' autofocus onfocus='window.hit=1",
    "<noscript><p title=\"</noscript><img src=x onerror=window.hit=1>\">", "<template><script>window.hit=1</script></template>", "<object data=x>", "<embed src=x>",
    "_x0041_", "_x005F_", "_x000D_", "_xFFFF_", "a_x0000_b",
)  # fmt: skip
SPACES = (" x", "x ", " x ", "\u3000x\u3000", "x\u00a0y", "x\u200by", "x\u2028y", "x\u2029y", "x\u0085y", "x\r\ny", "x\ry", "x\ny", "\nx", "x\n", "\r\n", "\t", "x\ty", "\ufeffx", "x\ufeff",
          "\u2060", "\u180e", "x\u202fy", " ", "\u3000", "\n\n\n", "  x  y  ")  # fmt: skip
DIRECTIONS = ("\u202etxet", "\u202d\u202e\u202c", "\u2066x\u2069", "\u2067x", "\u200f\u200e", "مرحبا بالعالم", "שלום עולם", "abc\u202e\u0661\u0662\u0663", "\u061c", "א\u0591\u0592\u0593", "اﷺ", "\u202a\u202a\u202a")  # fmt: skip
SCRIPTS = ("田中さん", "사회과학원", "𠜎𠜱𠝹𠱓", "𠮷野家", "ｶﾀｶﾅ", "Ω≈ç√∫˜µ≤≥÷", "åß∂ƒ©˙∆˚¬…æ", "Ⱥ", "ﬁ", "ſ", "İı", "ß", "ǆ", "Z̮̞̠͙͔ͅa̡̯̼l̴̩̖g̢͉o̧", "e\u0301", "é", "\u1100\u1161", "가", "ก็็็็", "ऀँ", "ﷺ", "𝐓𝐡𝐞", "⒜⒝⒞", "①②", "㍿",
           "葛\U000e0100", "\U0001f600", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇨🇳", "👩🏽", "🅰️", "\U0001f1e6", "❤️", "\ufe0f", "\u20e3", "🐵 🙈", "(｡◕ ∀ ◕｡)", "✋🏿 💪🏿", "龘靐齉爩", "㐀", "〇", "〔2026〕", "《》", "（示）", "　")  # fmt: skip
EDGES = ("\ud7ff", "\ue000", "\uf8ff", "\ufffd", "\U00010000", "\U0010ffff", "\U0001fffe", "\U0001ffff", "\ufdd0", "\ufdef", "\ufff9\ufffa\ufffb", "\ufffc", "\U000e0001", "\U000e007f", "\U000f0000", "\U00100000")  # fmt: skip
NOT_IN_XML = ("\ufffe", "\uffff", "x\ufffey")
"""Even references to these are not XML."""


def texts() -> list[str]:
    """All of them, each once, never empty."""
    found = [*FORMULAS, *MARKUP, *SPACES, *DIRECTIONS, *SCRIPTS, *EDGES, *NOT_IN_XML]
    found += [f"a{chr(code)}b" for code in range(0x20) if code] + [chr(code) for code in range(1, 0x20)]
    found += ["a\0b", "\0", "\x7f", *(f"a{chr(code)}" for code in range(0x80, 0xA0))]
    found += ["长" * 9_000, "a" * 9_999, "<" * 3_000, "=" * 3_000, "\U0001f600" * 2_000, "x " * 4_000, "\u0301" * 500]
    found += list(_mixed(random.Random(SEED), 520 - len(dict.fromkeys(found))))
    return list(dict.fromkeys(found))


def _mixed(dice: random.Random, count: int) -> Iterator[str]:
    """Pieces of the above side by side, and random characters of all planes."""
    pieces = [*FORMULAS, *MARKUP, *SPACES, *DIRECTIONS, *SCRIPTS, *EDGES]
    for number in range(max(0, count)):
        if number % 2:
            yield "".join(dice.choice(pieces) for _ in range(dice.randint(2, 5))) + str(number)
        else:
            points = (
                dice.choice([0x20, 0x100, 0x4E00, 0xE000, 0x1F000, 0x20000]) + dice.randrange(0x300) for _ in range(12)
            )
            yield "".join(chr(point) for point in points) + str(number)
