-- Leases of sync clients: a row from the taking to the end. The one without an end is in force; of a name there is
-- at most one. Epochs are given once for the whole tenant.
CREATE TABLE lease (
  epoch       INTEGER PRIMARY KEY,
  name        TEXT NOT NULL,
  client      BLOB NOT NULL,
  instance    TEXT NOT NULL,               -- the client's state
  process     TEXT NOT NULL,
  machine     TEXT NOT NULL,
  taken_at    INTEGER NOT NULL,
  renewed_at  INTEGER NOT NULL,
  term_millis INTEGER NOT NULL,
  paused      INTEGER NOT NULL,
  ended_at    INTEGER,
  requests    INTEGER NOT NULL,            -- written by it
  operations  INTEGER NOT NULL,
  last_write  INTEGER
) STRICT;
CREATE UNIQUE INDEX lease_in_force ON lease (name) WHERE ended_at IS NULL;
CREATE INDEX lease_name ON lease (name, epoch);
