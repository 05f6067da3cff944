"""`liuhen verify`: an outsider's check of a log, on an export or a database, that knows `schemas` only."""
