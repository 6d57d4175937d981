//! The tables of the object store.

use crate::sqlite::Layout;

/// A version whose `size` is null is a delete marker. `current` holds exactly the keys that a listing shows, in its order.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS versions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket TEXT NOT NULL REFERENCES buckets (name),
    key TEXT NOT NULL,
    version TEXT NOT NULL UNIQUE,
    size INTEGER,
    sha256 BLOB,
    parts INTEGER,
    content_type TEXT,
    modified INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS versions_by_key ON versions (bucket, key, sequence);

CREATE TABLE IF NOT EXISTS current (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    sequence INTEGER NOT NULL REFERENCES versions (sequence),
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS current_by_version ON current (sequence);

CREATE TABLE IF NOT EXISTS contents (
    sequence INTEGER NOT NULL REFERENCES versions (sequence),
    position INTEGER NOT NULL,
    file TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    PRIMARY KEY (sequence, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS uploads (
    id TEXT NOT NULL PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES buckets (name),
    key TEXT NOT NULL,
    content_type TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL REFERENCES uploads (id),
    number INTEGER NOT NULL,
    file TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    modified INTEGER NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
";

/// The file of rows about objects.
pub(super) const FILE: Layout = Layout { operation: "objects.open", steps: &[SCHEMA], secure_delete: false };
