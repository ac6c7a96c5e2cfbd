-- The sync client's state: the connector space and what the target confirmed. A cache: it can be rebuilt.
-- Numbers of entries (id) are given once and never again, for sets of members are kept as numbers.

CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL);
CREATE TABLE counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('next_id', 1), ('entries', 0), ('held_user', 0), ('held_group', 0);

-- kind: 0 out of scope, 1 user, 2 group. gone: 0 there, 1 deleted in source, 2 missing from full read, 3 left scope.
-- The small columns come first: a scan for them does not read the overflow pages of large entries.
CREATE TABLE cs (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  gone INTEGER NOT NULL,
  anchor TEXT NOT NULL,
  raw BLOB NOT NULL
);
CREATE UNIQUE INDEX cs_anchor ON cs (anchor);

-- Names (keyed hashes of normalized DNs and uids) and whom they mean.
CREATE TABLE key (hash INTEGER NOT NULL, id INTEGER NOT NULL, kind INTEGER NOT NULL, PRIMARY KEY (hash, id)) WITHOUT ROWID;
-- Names and who refers to them.
CREATE TABLE reference (hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (hash, id)) WITHOUT ROWID;
-- Containers by the hash of their DN.
CREATE TABLE container (hash INTEGER PRIMARY KEY, children INTEGER NOT NULL, vanished INTEGER NOT NULL, dn TEXT NOT NULL);

-- members: sorted numbers; members_fp: where only their fingerprint is known.
-- raw: the entry that was confirmed; NULL: the present one; empty: not known.
CREATE TABLE confirmed (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  manager INTEGER,
  fingerprint BLOB NOT NULL,
  name TEXT NOT NULL,
  members_fp BLOB,
  members BLOB,
  raw BLOB
);
CREATE TABLE pending (id INTEGER PRIMARY KEY, approved INTEGER NOT NULL);
-- due_ms is NULL while the object is pending again.
CREATE TABLE refused (id INTEGER PRIMARY KEY, attempts INTEGER NOT NULL, due_ms INTEGER);
CREATE TABLE client_error (id INTEGER PRIMARY KEY);
CREATE TABLE deleted (at_ms INTEGER NOT NULL, kind INTEGER NOT NULL, n INTEGER NOT NULL);
CREATE INDEX deleted_at ON deleted (at_ms);
