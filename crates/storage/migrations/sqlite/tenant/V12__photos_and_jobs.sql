-- Codes that sync clients change for a token, told from tokens: until now by their length.
ALTER TABLE token ADD COLUMN code INTEGER NOT NULL DEFAULT 0;      -- 1: a code that was not used yet
UPDATE token SET code = 1 WHERE role = 'syncClient' AND expires_at = created_at + 3600000000;

-- Lists by the time of creation.
CREATE INDEX object_created ON object (kind, created_at, oid) WHERE state = 0;

-- Photos of users and groups, apart from the bodies: nothing that lists objects reads them.
CREATE TABLE photo (
  oid    INTEGER PRIMARY KEY,
  etag   TEXT NOT NULL,                    -- of what the file holds
  width  INTEGER NOT NULL,
  height INTEGER NOT NULL,
  jpeg   BLOB NOT NULL
) STRICT;

-- What is done of itself by the hour, once, by whichever server of the tenant takes it.
CREATE TABLE job (
  kind        TEXT PRIMARY KEY,
  due_at      INTEGER,                     -- absent: not due
  attempts    INTEGER NOT NULL DEFAULT 0,  -- since it was due
  taken_by    TEXT,                        -- the server that is at it
  taken_until INTEGER,                     -- unless it says otherwise before; then another takes it
  ended_at    INTEGER,                     -- when it was done last
  last_error  TEXT
) STRICT, WITHOUT ROWID;
