-- A file that further records cite is told of there as well: with each arrival it is looked at again.

SET ROLE liuhen_owner;

CREATE OR REPLACE FUNCTION evidence.arrive(p_log integer, p_digest bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- In the transaction that records the arrival, under the head's lock of that log.
    WITH came AS (
        UPDATE log.wanted w SET arrived = true
         WHERE w.kind = 'blob' AND w.log_id = p_log AND w.digest = p_digest AND NOT w.arrived
     RETURNING w.terminal
    )
    UPDATE log.terminals t SET waiting = t.waiting - c.number
      FROM (SELECT terminal, count(*)::integer AS number FROM came GROUP BY terminal) c
     WHERE t.terminal = c.terminal;
    UPDATE evidence.blobs b SET examined = false WHERE b.digest = p_digest AND b.examined
$$;

RESET ROLE;
