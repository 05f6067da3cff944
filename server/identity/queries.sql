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
INSERT INTO identity.users (name, display, authority, roles, password) VALUES ($1, $2, $3, $4, $5)
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
