-- name: slot
-- Which tables of the judges answer.
SELECT slot FROM view.process

-- name: scope
-- Whose rows are shown for the rest of the transaction: of one authority and no other.
SELECT set_config('liuhen.authority', $1, true), set_config('liuhen.below', '', true)

-- name: dossiers
-- What the judge of each enterprise says for plans. `$1` the authority, which row-level security asks for as well.
SELECT m.key, m.columns ->> 'name' AS name, (m.page -> 'planning')::text AS planning
  FROM view_x.matters m
 WHERE m.authority = $1 AND m.kind = 'enterprise' AND m.page ? 'planning'
 ORDER BY m.key LIMIT $2
