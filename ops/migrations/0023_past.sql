-- Reports as of an earlier cut: what the judges would have said then is read and judged again, never written. The writer's
-- role reads the log and the filings already; now also what rests on what, and what waits.

SET ROLE liuhen_owner;

GRANT SELECT ON view_a.dependents, view_b.dependents, view_a.dirty, view_b.dirty TO liuhen_writer;

GRANT SELECT, INSERT ON view.cuts TO liuhen_writer;

RESET ROLE;
