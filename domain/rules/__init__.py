"""Rules as data: TOML files by subject, read by `projections.rulefiles`. The README lists every key."""
