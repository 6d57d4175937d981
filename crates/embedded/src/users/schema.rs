//! The tables of the users file.

use crate::sqlite::Layout;

/// The file of people. What is deleted here were credentials.
pub(super) const FILE: Layout = Layout { operation: "users.open", steps: &[TABLES], secure_delete: true };

/// `sequence` is the order of creation and never used again. Times are milliseconds since the epoch; hashes are SHA-256 of a secret of
/// 32 random bytes, which needs no salt. Failures hang on the hash of an address and not on a user, so that an address that nobody has
/// is locked out just as one that somebody has.
const TABLES: &str = "
CREATE TABLE user (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('member', 'admin')),
    enabled INTEGER NOT NULL DEFAULT 1,
    activated INTEGER NOT NULL DEFAULT 0,
    password_hash TEXT,
    one_time_until INTEGER,
    secret_record BLOB,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_group (
    name TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE membership (
    group_name TEXT NOT NULL REFERENCES user_group (name) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES user (user_id) ON DELETE CASCADE,
    PRIMARY KEY (group_name, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_by_user ON membership (user_id, group_name);

CREATE TABLE sign_in_failure (
    email_hash BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    session_id TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES user (user_id) ON DELETE CASCADE,
    signed_in_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_end ON session (expires_at);

CREATE TABLE code (
    code_hash BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES user (user_id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    nonce TEXT,
    challenge TEXT NOT NULL,
    signed_in_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    family TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX code_by_user ON code (user_id);
CREATE INDEX code_by_end ON code (expires_at);

CREATE TABLE family (
    family TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES user (user_id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    signed_in_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX family_by_user ON family (user_id);
CREATE INDEX family_by_session ON family (session_id);
CREATE INDEX family_by_end ON family (expires_at);

CREATE TABLE refresh_token (
    token_hash BLOB PRIMARY KEY,
    family TEXT NOT NULL REFERENCES family (family) ON DELETE CASCADE,
    used INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_token_by_family ON refresh_token (family);
";
