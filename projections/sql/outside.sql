-- name: ledgers
-- What was taken over from books of others, and how their columns are read: of several authorities at once.
SELECT a.authority, l.log_id, l.pos, l.entry
  FROM unnest($1::text[]) AS a (authority) CROSS JOIN LATERAL view.ledgers(a.authority) l
 ORDER BY a.authority, l.log_id, l.pos
