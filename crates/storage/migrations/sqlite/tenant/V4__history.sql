-- What became of objects. Written for every object of a first load: rows are small and only appended, and the one
-- index is of small integers.

-- Operations of one batch: who sent them, when, in which run. Its rows are those of `history` from `first` to `last`.
CREATE TABLE history_batch (
  first  INTEGER PRIMARY KEY,
  last   INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  client BLOB,
  run    BLOB,
  bytes  INTEGER NOT NULL                  -- about what the rows take
) STRICT;
CREATE INDEX history_batch_at ON history_batch (at, last);
CREATE INDEX history_batch_run ON history_batch (run) WHERE run IS NOT NULL;

CREATE TABLE history (
  hid  INTEGER PRIMARY KEY,
  oid  INTEGER NOT NULL,                   -- `object`, or -n of `history_object`
  what INTEGER NOT NULL,                   -- 0 created, 1 matched, 2 restored, 3 updated, 4 deleted, 5 refused,
                                           -- 6 membership, 7 recalculated
  body TEXT                                -- JSON; NULL where nothing is to be said
) STRICT;
CREATE INDEX history_of ON history (oid);

-- Objects that have history and no row in `object`: purged ones, and those that were only ever refused.
CREATE TABLE history_object (
  n      INTEGER PRIMARY KEY AUTOINCREMENT,
  id     BLOB,
  kind   INTEGER NOT NULL,
  anchor TEXT,
  name   TEXT NOT NULL
) STRICT;
CREATE INDEX history_object_anchor ON history_object (anchor);
CREATE INDEX history_object_id ON history_object (id);
