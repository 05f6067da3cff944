-- name: places
-- Entries of the authority that name a file: envelopes that declare it, acts that name several.
SELECT log_id, epoch, pos FROM evidence.places($1)

-- name: tagged
-- Acts about one file carry its tag.
SELECT log_id, pos, offsets FROM log.read_tag($1)

-- name: entries
SELECT pos, entry FROM log.read_entries($1, $2::bigint[])

-- name: blob
-- How it stands in the store.
SELECT size, type, terminal, received, state, checked FROM evidence.blob($1)

-- name: logs
SELECT log_id, epoch FROM view.logs()
