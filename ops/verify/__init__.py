"""`liuhen verify`: an outsider's check of a log, from an export or on a database, knowing `schemas` and nothing else."""
