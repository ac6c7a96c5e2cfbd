-- Entries of further sources that belong to an object of another entry.
CREATE TABLE joined (
    id   INTEGER PRIMARY KEY,
    root INTEGER NOT NULL
) STRICT;
CREATE INDEX joined_to ON joined (root);

-- Anchors of entries that had errors and are no objects any more: the target is to be told that these are over.
CREATE TABLE past_error (anchor TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
