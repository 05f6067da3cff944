"""Repeat a published draw: python draw.py DRAW.json - needs nothing but Python.

DRAW.json is what the site publishes of a draw: the two pools, the commitment made before, the secret and the public
number told at the draw, how many were drawn, who was recused where, and the names that came out.
"""

import json
import sys
from collections import deque
from hashlib import sha256
from pathlib import Path

told = json.loads(Path(sys.argv[1]).read_text("utf-8"))


def order(pool, kind):
    seed = f"liuhen draw v1\n{told['secret']}\n{told['public']}\n{kind}\n"
    return sorted(set(pool), key=lambda one: sha256(f"{seed}{one}".encode()).digest())


if sha256(f"liuhen draw secret v1\n{told['secret']}".encode()).hexdigest() != told["commitment"]:
    sys.exit("the secret is not the one that was committed to before the draw")
for name in ("objects", "officers"):
    text = "".join(f"{one}\n" for one in sorted(set(told[name]), key=lambda one: one.encode()))
    if sha256(text.encode()).hexdigest() != told[f"{name}_hash"]:
        sys.exit(f"the pool of {name} is not the one that was frozen before the draw")
waiting, teams = deque(order(told["officers"], "officer")), []
for enterprise in order(told["objects"], "object")[: told["count"]]:
    team = [one for one in waiting if one not in told["recused"].get(enterprise, ())][: told["team"]]
    waiting = deque([one for one in waiting if one not in team] + team)
    teams.append([enterprise, team])
called = told.get("names", {})
named = [[called.get(enterprise, enterprise), [called.get(one, one) for one in team]] for enterprise, team in teams]
sys.stdout.write(json.dumps(named, ensure_ascii=False) + "\n")
sys.exit("these are not the names that were published" if teams != told["teams"] else 0)
