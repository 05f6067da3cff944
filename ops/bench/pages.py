"""Pages of officers and supervisors on full tables: ten thousand hazards, deadlines, signals, reviews, acts that count.

The rows are written into the live tables as judges write them, while the bench holds the projections' leases; pages are
asked over HTTP by an account of its own, each with its header. Invariant: what is timed is the answer that an officer
gets, whole; a page that is not 200 or lacks the rows that were written ends the run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp

from ops import settings as settings_module
from ops.bench.ingest import Say
from ops.bench.machine import Machine
from ops.bench.rig import BenchFault, Rig, running
from server.identity import store as people

ROUNDS: Final = 100
WARM: Final = 5
PAGES: Final = (
    ("unit_head", "/deadlines"),
    ("unit_head", "/deadlines?view=due"),
    ("unit_head", "/deadlines?view=open"),
    ("unit_head", "/hazards"),
    ("unit_head", "/hazards?stage=ordered"),
    ("unit_head", "/signals"),
    ("unit_head", "/signals?severity=serious"),
    ("inspector", "/deadlines?mine=1"),
    ("inspector", "/hazards?mine=1"),
    ("inspector", "/signals?mine=1"),
    ("legal_reviewer", "/reviews"),
    ("legal_reviewer", "/reviews?reviewer=me"),
    ("legal_reviewer", "/reviews?overdue=1"),
    ("legal_reviewer", "/reviews?sort=amount"),
    ("legal_reviewer", "/reviews?stage=requested&q=%E7%A4%BA%E4%BE%8B7"),
    ("unit_head", "/search?q=%E7%A4%BA%E4%BE%8B"),
    ("unit_head", "/search?q=%E7%A4%BA%E4%BE%8B77"),
    ("supervisor", "/supervision"),
    ("supervisor", "/supervision/figures"),
    ("supervisor", "/supervision/figures/visits"),
    ("supervisor", "/supervision/off-system"),
)
"""Who asks for what. The board of deadlines gives 100 rows, the others 50; headers count what is due and open, for an
inspector the own."""
COUNTED: Final = frozenset({"/supervision", "/supervision/figures"})
"""Pages that show how many rows there are, and none of them."""
OFFICER: Final = "officer-3"

FILL: Final = """
WITH made AS (SELECT n, 'bench-' || lpad(n::text, 6, '0') AS key FROM generate_series(1, $1) AS n)
, matter AS (
    INSERT INTO {slot}.matters (kind, key, authority, stage, first, last, facts, error, officers, terminals, columns,
        page, digest)
    SELECT 'hazard', key, $2, (ARRAY['found', 'ordered', 'reported', 'reinspected'])[1 + n % 4],
        $3::bigint - n * 60000, $3::bigint - n * 60000, 4, '', ARRAY['officer-' || n % 20],
        ARRAY['00000000-0000-7000-8000-000000000001']::uuid[],
        jsonb_build_object('grade', 'general', 'enterprise_id', 'E-' || n % 500, 'code', 'YH-' || n % 40,
            'in_problems', true, 'in_rectification', n % 4 > 0), '{{}}', ''
    FROM made)
, deadline AS (
    INSERT INTO {slot}.deadlines (kind, key, rule, about, authority, version, start, due, last_day, cancelled,
        provisional, binding, absent, inputs, officers, earlier, zh, en)
    SELECT 'hazard', key, 'DL-18', '', $2, '1', $3::bigint - 864000000,
        $3::bigint + (n - $1 / 2) * 600000::bigint, current_date, false, false, true, true, ARRAY[md5(key)],
        ARRAY['officer-' || n % 20], '[]', '复查整改情况', 're-inspect'
    FROM made)
INSERT INTO {slot}.signals (id, kind, key, rule, about, authority, version, severity, score, opens, absent, state, acts,
    inputs, officers, zh, en)
SELECT substr(md5(key), 1, 16), 'hazard', key, 'SIG-19', '', $2, '1',
    (ARRAY['serious', 'medium', 'weak'])[1 + n % 3], 70, $3::bigint - n * 60000, true, 'open', '[]', ARRAY[md5(key)],
    ARRAY['officer-' || n % 20], '应当复查，没有复查记录。',
    'The hazard had to be re-inspected; no re-inspection is recorded.'
FROM made
"""
FILL_REVIEWS: Final = """
WITH made AS (SELECT n, 'bench-review-' || lpad(n::text, 6, '0') AS key FROM generate_series(1, $1) AS n)
, matter AS (
    INSERT INTO {slot}.matters (kind, key, authority, stage, first, last, facts, error, officers, terminals, columns,
        page, digest)
    SELECT 'review', key, $2, (ARRAY['requested', 'assigned', 'assigned', 'returned'])[1 + n % 4],
        $3::bigint - n * 60000, $3::bigint - n * 60000, 4, '', ARRAY['officer-' || n % 20], ARRAY[]::uuid[],
        jsonb_build_object('open', true, 'case', 'bench-case-' || n, 'cause', '未按规定进行安全生产教育和培训',
            'party_name', '示例' || n || '有限公司', 'party_type', 'organisation', 'enterprise', 'E-' || n % 500,
            'handlers', 'officer-17,officer-' || n % 20,
            'reviewer', CASE WHEN n % 4 = 0 THEN '' ELSE 'officer-' || n % 20 END,
            'unit', '法规科', 'requesting_unit', '执法' || n % 5 || '科', 'requested_by', 'officer-17',
            'requested_at', $3::bigint - n * 60000, 'draft_kind', 'penalty', 'draft_version', 1 + n % 3,
            'draft_hash', md5(key) || md5(key), 'amount_fen', n * 100,
            'due', CASE WHEN n % 4 = 3 THEN NULL ELSE $3::bigint + (n - $1 / 4) * 600000::bigint END,
            'last_day', current_date::text, 'provisional', false, 'newer_draft', false), '{{}}', ''
    FROM made)
, deadline AS (
    INSERT INTO {slot}.deadlines (kind, key, rule, about, authority, version, start, due, last_day, cancelled,
        provisional, binding, absent, inputs, officers, earlier, zh, en)
    SELECT 'review', key, 'DL-26', '', $2, '1', $3::bigint - 864000000,
        $3::bigint + (n - $1 / 4) * 600000::bigint, current_date, false, false, true, false, ARRAY[md5(key)],
        ARRAY['officer-' || n % 20], '[]', '提出法制审核意见', 'give the opinion of the legal review'
    FROM made)
, queue AS (
    INSERT INTO {slot}.reviews (key, authority, stage, open, due, requested_at, amount_fen, reviewer, unit,
        requesting_unit, draft_kind, text)
    SELECT key, $2, (ARRAY['requested', 'assigned', 'assigned', 'returned'])[1 + n % 4], true,
        CASE WHEN n % 4 = 3 THEN 9223372036854775807 ELSE $3::bigint + (n - $1 / 4) * 600000::bigint END,
        $3::bigint - n * 60000, n * 100, CASE WHEN n % 4 = 0 THEN '' ELSE 'officer-' || n % 20 END, '法规科',
        '执法' || n % 5 || '科', 'penalty', '示例' || n || '有限公司 未按规定进行安全生产教育和培训 officer-' || n % 20
    FROM made)
INSERT INTO {slot}.searchable (kind, key, authority, text)
SELECT 'review', key, $2, key || ' 示例' || n || '有限公司 未按规定进行安全生产教育和培训 officer-' || n % 20 FROM made
"""


FILL_COUNTED: Final = """
WITH made AS (
    INSERT INTO {slot}.counted (log_id, position, n, authority, measure, day, unit, at, subject, word, other, amount,
        received, origin)
    SELECT l.log_id, 1000 + 8 * n + m.place, 0, $2, m.measure,
        (to_timestamp($3::bigint / 1000) AT TIME ZONE 'Asia/Shanghai')::date,
        'bench-' || m.measure || '-' || lpad(n::text, 6, '0'), $3::bigint - n * 60000 - 3600000, 'E-' || n % 500,
        m.word, '', n * 100, $3::bigint - n * 60000, 'field'
    FROM generate_series(1, $1) AS n, log.logs l,
        (VALUES (0, 'entered', 'entered'), (1, 'task', 'plan'), (2, 'hazard', 'general'),
                (3, 'document', 'rectification'), (4, 'case', 'inspection'), (5, 'decision', 'general'))
            AS m (place, measure, word)
    WHERE l.authority = $2 AND l.kind = 'authority' AND l.epoch = 1
    RETURNING log_id)
INSERT INTO {slot}.filed_up_to (log_id, position) SELECT DISTINCT log_id, 10000 + 8 * $1::bigint FROM made
ON CONFLICT (log_id) DO UPDATE SET position = excluded.position
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """Milliseconds of every answer by page, sorted, and how many rows of each kind the tables held."""

    machine: Machine
    rows: int
    times: Mapping[str, tuple[float, ...]]

    def at(self, page: str, percent: int) -> float:
        """So many per cent of the answers were no slower, ms."""
        found = self.times[page]
        return found[min(len(found) - 1, len(found) * percent // 100)]

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "machine": self.machine.line(),
            "rows": self.rows,
            "pages": {page: {"p50_ms": self.at(page, 50), "p99_ms": self.at(page, 99)} for page in self.times},
        }


async def run(
    rows: int, *, settings: settings_module.Settings, place: Path | None, say: Say, times_each: int = ROUNDS
) -> Shown:
    """Fill the tables and ask for each page so many times, after WARM that do not count. Raises BenchFault."""
    async with running(settings=settings, place=place) as rig:
        authority = rig.authorities[0]
        await _fill(rig, authority, rows)
        tokens = {role: await _token(rig, authority, role) for role in {role for role, _ in PAGES}}
        times: dict[str, tuple[float, ...]] = {}
        async with aiohttp.ClientSession(rig.url, timeout=aiohttp.ClientTimeout(total=30)) as session:
            for number, (role, page) in enumerate(PAGES):
                say(page, number, len(PAGES))
                headers = {"Authorization": f"Bearer {tokens[role]}"}
                mark = f">{rows:,}</a>" if page in COUNTED else "bench-"
                times[page] = await _ask(session, page, headers, times_each, mark)
        return Shown(rig.machine, rows, times)


async def _token(rig: Rig, authority: str, role: str) -> str:
    secret, _ = await people.add_token(
        rig.admin, label=OFFICER, authority=authority, role=role, life=timedelta(hours=1)
    )
    return secret


async def _fill(rig: Rig, authority: str, rows: int) -> None:
    slot = await rig.admin.fetchval("SELECT slot FROM view.process")
    now = time.time_ns() // 1_000_000
    await rig.admin.execute(FILL.format(slot=f"view_{slot}"), rows, authority, now)
    await rig.admin.execute(FILL_REVIEWS.format(slot=f"view_{slot}"), rows, authority, now)
    await rig.admin.execute(FILL_COUNTED.format(slot=f"view_{slot}"), rows, authority, now)
    for table in ("matters", "deadlines", "signals", "searchable", "reviews", "counted"):
        await rig.admin.execute(f"ANALYZE view_{slot}.{table}")


async def _ask(
    session: aiohttp.ClientSession, page: str, headers: Mapping[str, str], times_each: int, mark: str
) -> tuple[float, ...]:
    found = []
    for number in range(WARM + times_each):
        began = time.perf_counter()
        async with session.get(page, headers=headers, allow_redirects=False) as answer:
            text = await answer.text()
        took = (time.perf_counter() - began) * 1_000
        if answer.status != 200:
            raise BenchFault(f"{page}: expected 200, got {answer.status}: {text[:200]}")
        if mark not in text:
            raise BenchFault(f"{page}: the answer shows none of the rows that were written")
        if number >= WARM:
            found.append(took)
    return tuple(sorted(found))
