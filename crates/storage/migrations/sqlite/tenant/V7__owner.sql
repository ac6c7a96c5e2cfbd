-- Owners of groups: set in the cloud, also of groups that are synced. One counts while both ends live.
CREATE TABLE owner (
  grp   INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  PRIMARY KEY (grp, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX owner_of ON owner (owner, grp);
