-- What pages show of books of others: which files were taken over and how columns are read, for the authority that asks.

SET ROLE liuhen_owner;

CREATE FUNCTION view.ledgers(p_authority text)
    RETURNS TABLE (log_id integer, pos bigint, entry bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Fails closed: only for the authority of the transaction and those that it names.
    SELECT e.log_id, e.position, e.entry
      FROM (SELECT f.log_id, f.positions FROM view_a.filings f, view.process p
             WHERE p.slot = 'a' AND f.key = 'ledgers:' || p_authority
            UNION ALL
            SELECT f.log_id, f.positions FROM view_b.filings f, view.process p
             WHERE p.slot = 'b' AND f.key = 'ledgers:' || p_authority) AS filed
     CROSS JOIN LATERAL unnest(filed.positions) AS place (pos)
      JOIN log.entries e ON e.log_id = filed.log_id AND e.position = place.pos
     WHERE view.sees(p_authority)
     ORDER BY e.log_id, e.position
$$;

RESET ROLE;

REVOKE ALL ON FUNCTION view.ledgers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION view.ledgers TO liuhen_console;
