-- name: account
-- The account that is signing in; none when it is disabled.
SELECT name, display, authority, roles, password, factor FROM identity.account($1)

-- name: open_session
-- Sessions older than the absolute limit go at the same time.
SELECT identity.open_session($1, $2, $3, $4, $5)

-- name: begin_sign_in
-- The password was right; a code is still to come.
SELECT identity.begin_sign_in($1, $2, $3)

-- name: try_sign_in
-- Whose sign-in waits for a code; counts the try.
SELECT identity.try_sign_in($1, $2, $3)

-- name: end_sign_in
-- It became a session, or was given up.
SELECT identity.end_sign_in($1)

-- name: factor
-- The sealed secret of an account's codes.
SELECT sealed, confirmed FROM identity.factor($1)

-- name: use_step
-- Take a code by its time step: true once.
SELECT identity.use_step($1, $2)

-- name: use_recovery
-- Take a recovery code: true once.
SELECT identity.use_recovery($1, $2)

-- name: offer_factor
SELECT identity.offer_factor($1, $2)

-- name: confirm_factor
SELECT identity.confirm_factor($1, $2, $3)

-- name: drop_factor
SELECT identity.drop_factor($1)

-- name: new_recovery_codes
SELECT identity.new_recovery_codes($1, $2)

-- name: own_password
SELECT identity.own_password($1, $2)

-- name: sessions_of
-- The open sessions of whom one of them belongs to.
SELECT session, opened, seen, factors, agent, codes FROM identity.sessions_of($1, $2, $3)

-- name: end_own
-- One other of the own sessions, or all others.
SELECT identity.end_own($1, $2)

-- name: session
-- Who is behind a session that is neither ended, idle for too long nor too old, and whether they proved it just now.
SELECT name, display, authority, roles, fresh, officer, unit, unit_role, below, factors, factor
  FROM identity.session($1, $2, $3, $4)

-- name: prove
-- The password or a code was given in a session that is open.
SELECT identity.prove($1)

-- name: end_session
-- Signing out, or signing in anew.
SELECT identity.end_session($1)

-- name: token
-- Who is behind an access token that is neither revoked nor expired.
SELECT label, authority, role, below FROM identity.token($1)

-- name: names
-- What authorities are called.
SELECT authority, name FROM identity.names($1)

-- name: attempt
-- One more try by this account or address within the window; answers how many there are.
SELECT identity.attempt($1, $2)

-- name: forgive
-- A try that succeeded does not count; for an account the failures before it neither.
SELECT identity.forgive($1, $2)

-- name: add_user
-- An administrator's command: refused when the name is taken.
INSERT INTO identity.users (name, display, authority, roles, password, unit, officer) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (name) DO NOTHING RETURNING name

-- name: set_password
-- An administrator's command: with it all sessions of the account end.
WITH changed AS (
    UPDATE identity.users SET password = $2, changed = now() WHERE name = $1 RETURNING name
), ended AS (
    UPDATE identity.sessions SET ended = now() WHERE name IN (SELECT name FROM changed) AND ended IS NULL
)
SELECT name FROM changed

-- name: set_factor
-- A command of the machine's administrator: codes are asked for from now on.
INSERT INTO identity.factors (name, sealed, confirmed) VALUES ($1, $2, now())
ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, confirmed = now(), last_step = 0, made = now()

-- name: disable_user
-- An administrator's command: with it all sessions of the account end.
WITH changed AS (
    UPDATE identity.users SET disabled = $2, changed = now() WHERE name = $1 RETURNING name
), ended AS (
    UPDATE identity.sessions SET ended = now() WHERE $2 AND name IN (SELECT name FROM changed) AND ended IS NULL
)
SELECT name FROM changed

-- name: list_users
-- For the administrator, by authority and name.
SELECT name, display, authority, roles, disabled, created FROM identity.users ORDER BY authority, name

-- name: add_token
-- An administrator's command; only the hash is kept.
INSERT INTO identity.tokens (token, label, authority, role, expires) VALUES ($1, $2, $3, $4, now() + $5)
RETURNING expires

-- name: kept_accounts
-- What the officer of a session keeps: one account by name, or a page of them.
SELECT name, display, authority, unit, officer, roles, disabled, password, factor, invited, created, mine
  FROM identity.kept_accounts($1, $2, $3, $4)

-- name: keep_add
SELECT identity.keep_add($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: keep_change
SELECT identity.keep_change($1, $2, $3, $4, $5, $6)

-- name: keep_disable
SELECT identity.keep_disable($1, $2, $3)

-- name: keep_invite
SELECT identity.keep_invite($1, $2, $3, $4)

-- name: keep_drop_factor
SELECT identity.keep_drop_factor($1, $2)

-- name: kept_units
SELECT authority, unit, name, role, closed, accounts FROM identity.kept_units($1)

-- name: keep_unit
SELECT identity.keep_unit($1, $2, $3, $4, $5, $6)

-- name: kept_authorities
SELECT authority, parent, name, epoch, accounts FROM identity.kept_authorities($1)

-- name: keep_authority
SELECT identity.keep_authority($1, $2, $3, $4)

-- name: trail_of
SELECT entry, at, actor, session, via, what, subject, authority, detail FROM identity.trail_of($1, $2, $3)

-- name: invited
SELECT name, display FROM identity.invited($1)

-- name: accept
SELECT identity.accept($1, $2)

-- name: linked
-- Whose account is linked with a subject of an identity provider.
SELECT identity.linked($1, $2)

-- name: link
SELECT identity.link($1, $2, $3)

-- name: unlink
SELECT identity.unlink($1, $2)

-- name: is_linked
SELECT identity.is_linked($1, $2)

-- name: note
-- A command of the machine's administrator leaves its trace as well.
SELECT identity.note($1, NULL, 'command', $2, $3, coalesce($4, (SELECT u.authority FROM identity.users u WHERE u.name = $3), ''), $5::jsonb)

-- name: set_unit
-- A command: make a unit, or change it.
INSERT INTO identity.units AS n (authority, unit, name, role, closed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (authority, unit) DO UPDATE SET name = excluded.name, role = excluded.role, closed = excluded.closed, changed = now()

-- name: list_units
SELECT authority, unit, name, role, closed FROM identity.units ORDER BY authority, unit

-- name: set_authority
-- A command: what an authority is called and below which it stands; what is not said stays.
INSERT INTO identity.authorities AS a (authority, parent, name) VALUES ($1, $2, coalesce($3, ''))
ON CONFLICT (authority) DO UPDATE SET parent = coalesce($2, a.parent), name = coalesce($3, a.name), changed = now()

-- name: list_authorities
SELECT authority, coalesce(parent, '') AS parent, name FROM identity.authorities ORDER BY authority

-- name: change_user
-- A command: other roles, another unit, another officer; with other roles the sessions end.
WITH changed AS (
    UPDATE identity.users u SET roles = coalesce($2, u.roles), unit = CASE WHEN $3::text IS NULL THEN u.unit ELSE nullif($3, '') END,
           officer = CASE WHEN $4::text IS NULL THEN u.officer ELSE nullif($4, '') END, changed = now()
     WHERE u.name = $1 RETURNING u.name
), ended AS (
    UPDATE identity.sessions SET ended = now() WHERE $2::text[] IS NOT NULL AND name IN (SELECT name FROM changed) AND ended IS NULL
)
SELECT name FROM changed

-- name: invite
-- A command: the password is void, a link takes its place.
WITH changed AS (
    UPDATE identity.users SET password = NULL, changed = now() WHERE name = $1 AND NOT disabled RETURNING name
), ended AS (
    UPDATE identity.sessions SET ended = now() WHERE name IN (SELECT name FROM changed) AND ended IS NULL
)
INSERT INTO identity.invitations AS i (link, name, expires) SELECT $2, name, now() + $3 FROM changed
ON CONFLICT (name) DO UPDATE SET link = excluded.link, expires = excluded.expires RETURNING name

-- name: reset_factor
-- A command: the second factor and its recovery codes are gone, the sessions end.
WITH gone AS (
    DELETE FROM identity.factors WHERE name = $1 RETURNING name
), codes AS (
    DELETE FROM identity.recovery_codes WHERE name IN (SELECT name FROM gone)
), ended AS (
    UPDATE identity.sessions SET ended = now() WHERE name IN (SELECT name FROM gone) AND ended IS NULL
)
SELECT name FROM gone

-- name: below
SELECT identity.below($1)

-- name: link_user
-- A command: who an account is at an identity provider.
INSERT INTO identity.links (issuer, subject, name) SELECT $1, $2, u.name FROM identity.users u WHERE u.name = $3
ON CONFLICT (issuer, subject) DO NOTHING RETURNING name

-- name: looked_over
-- Authorities in which somebody has one of some roles, each with those below it.
SELECT authority, below FROM identity.looked_over($1)
