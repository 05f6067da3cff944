-- Officers ask for what concerns them: few matters of many. And the ledger of signals is read in its order: an index by
-- state tempts the planner to sort all that are open for a page of them.
SET ROLE liuhen_owner;
CREATE INDEX matters_officers ON view_a.matters USING gin (officers);
CREATE INDEX matters_officers ON view_b.matters USING gin (officers);
DROP INDEX view_a.signals_state;
DROP INDEX view_b.signals_state;
RESET ROLE;
