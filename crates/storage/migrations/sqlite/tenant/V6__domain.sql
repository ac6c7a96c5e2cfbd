-- What is known of a domain beside its name, and names that are worked out anew in pages because one came or went.
ALTER TABLE domain ADD COLUMN configured INTEGER NOT NULL DEFAULT 1;
ALTER TABLE domain ADD COLUMN proof TEXT;               -- JSON: initial, configuration, dns, parent
ALTER TABLE domain ADD COLUMN details TEXT;             -- JSON: what an administrator set

CREATE TABLE domain_job (
  domain     TEXT PRIMARY KEY,
  forced     INTEGER NOT NULL,             -- cloud-only objects are renamed too, then the domain goes
  disable    INTEGER NOT NULL,             -- ... and disabled
  after      INTEGER NOT NULL,             -- object.oid up to which it is done
  changed    INTEGER NOT NULL,
  started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
