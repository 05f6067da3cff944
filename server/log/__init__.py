"""The log: committer, tree, register, feed. Knows PostgreSQL, knows no HTTP."""
