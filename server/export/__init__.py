"""Copies of case files for courts, parties and auditors: everything as received, with proofs, as one zip.

covered   what a copy covers: the entries that name the case, and what is needed to check them
archive   a zip that is written as it is sent
papers    the readable case file, HTML and PDF; typesetting is the program that sets the latter
exports   the export itself: act, files, manifest, closing act, proofs
verifier  verify.py, the program in every zip that checks it; it needs nothing of ours

The order is the room's invariant: the act that says what the copy covers stands in the log before the first byte
leaves, and the digest of the manifest stands there before the last one does.
"""
