"""`liuhen bench`: figures from one run on one machine, printed as ratios. No test asserts a time.

load      the terminals of the bench and the closed loop that sends their batches
rig       a temporary database with `liuhen serve` on it as a process
machine   what it was measured on; CPU seconds of processes
floor     COPY of the same rows
library   a peer;  uma  another;  handler  the bare aiohttp handler before them
ingest    our server and its peers in interleaved rounds
series    growth, projections and verify on a log of a given size
pages     the pages of the console on full tables
page      the figures as tables, on a screen and in docs/performance.md
"""
