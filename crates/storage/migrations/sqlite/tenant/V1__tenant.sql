-- The cloud directory. Times are microseconds since 1970 in UTC; ids are UUIDs of version 7 as 16 bytes.

CREATE TABLE tenant (
  one              INTEGER PRIMARY KEY CHECK (one = 1),
  id               BLOB NOT NULL,
  display_name     TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  sync_enabled     INTEGER,
  threshold_count  INTEGER,
  threshold_percent INTEGER
) STRICT;

CREATE TABLE domain (
  name       TEXT PRIMARY KEY,
  verified   INTEGER NOT NULL,
  initial    INTEGER NOT NULL,
  is_default INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Users and groups. `oid` and `id` grow together, so that the order by one is the order by the other.
CREATE TABLE object (
  oid          INTEGER PRIMARY KEY,
  id           BLOB NOT NULL,
  kind         INTEGER NOT NULL,           -- 0 user, 1 group
  state        INTEGER NOT NULL,           -- 0 living, 1 deleted, 2 expected: only a link names it so far
  anchor       TEXT,
  sync_enabled INTEGER,
  created_at   INTEGER NOT NULL,
  last_sync    INTEGER,
  deleted_at   INTEGER,
  fingerprint  BLOB,                       -- of what was last sent
  manager      TEXT,                       -- the manager's anchor, whether it is known or not
  errors       INTEGER NOT NULL DEFAULT 0, -- how many rows of `error` name this anchor
  name_key     TEXT NOT NULL               -- display name in lower case
) STRICT;
CREATE UNIQUE INDEX object_id ON object (id);
CREATE UNIQUE INDEX object_anchor ON object (anchor) WHERE anchor IS NOT NULL;
CREATE INDEX object_name ON object (kind, name_key) WHERE state = 0;
CREATE INDEX object_not_living ON object (state, kind, deleted_at) WHERE state <> 0;
CREATE INDEX object_with_errors ON object (kind) WHERE errors > 0 AND state = 0;

-- What an object is like, apart from `object`: rows that are looked up by the hundred thousand stay small, and
-- fit the page cache.
CREATE TABLE body (
  oid  INTEGER PRIMARY KEY,
  body TEXT NOT NULL,                      -- properties in force, JSON
  held TEXT                                -- what was sent and is not in force, JSON
) STRICT;

-- Values in force that must be unique: 0 sign-in name, 1 address. In lower case.
CREATE TABLE claim (
  space INTEGER NOT NULL,
  key   TEXT NOT NULL,
  oid   INTEGER NOT NULL,
  PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;

-- Values that an object wants and another has.
CREATE TABLE waiting (
  space INTEGER NOT NULL,
  key   TEXT NOT NULL,
  oid   INTEGER NOT NULL,
  PRIMARY KEY (space, key, oid)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_object ON waiting (oid);

-- Words of display names, for search.
CREATE TABLE word (
  word TEXT NOT NULL,
  oid  INTEGER NOT NULL,
  PRIMARY KEY (word, oid)
) STRICT, WITHOUT ROWID;

-- Memberships as they were sent; one counts while both ends live.
CREATE TABLE member (
  grp    INTEGER NOT NULL,
  member INTEGER NOT NULL,
  PRIMARY KEY (grp, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_of ON member (member, grp);

-- The part of `member` whose member is a group: what rings are looked for in.
CREATE TABLE nested (
  parent INTEGER NOT NULL,
  child  INTEGER NOT NULL,
  PRIMARY KEY (parent, child)
) STRICT, WITHOUT ROWID;
CREATE INDEX nested_in ON nested (child, parent);

-- Errors of objects, by the object's anchor: a refused object has no row in `object`.
CREATE TABLE error (
  eid        INTEGER PRIMARY KEY AUTOINCREMENT,
  anchor     TEXT NOT NULL,
  origin     INTEGER NOT NULL,             -- 0 the tenant, 1 a sync client
  kind       INTEGER,
  code       TEXT NOT NULL,
  category   TEXT NOT NULL,
  blocked    INTEGER NOT NULL,
  property   TEXT NOT NULL,
  value      TEXT NOT NULL,
  other      INTEGER,                      -- the other object's oid
  first_seen INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  body       TEXT NOT NULL,                -- SyncError, JSON
  search     TEXT NOT NULL                 -- names, value and message in lower case
) STRICT;
CREATE INDEX error_anchor ON error (anchor, origin);
CREATE INDEX error_seen ON error (last_seen, eid);
CREATE INDEX error_code ON error (code, anchor);

-- Counts, kept in the transaction of each change.
CREATE TABLE counter (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE client (
  id              BLOB PRIMARY KEY,
  service_account TEXT NOT NULL UNIQUE,
  report          TEXT,
  last_contact    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id         BLOB PRIMARY KEY,
  client     BLOB NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL,
  body       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_started ON run (started_at, id);
CREATE INDEX run_ended ON run (ended_at);

CREATE TABLE token (
  name       TEXT PRIMARY KEY,
  secret     BLOB NOT NULL UNIQUE,         -- SHA-256
  role       TEXT NOT NULL,
  client     BLOB,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE local_user (
  name          TEXT PRIMARY KEY,
  password_hash TEXT NOT NULL,
  role          TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions of browsers, and one-time links (`link` = 1).
CREATE TABLE session (
  secret     BLOB PRIMARY KEY,             -- SHA-256
  link       INTEGER NOT NULL,
  user_name  TEXT NOT NULL,
  role       TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user_name);
CREATE INDEX session_end ON session (expires_at);
