-- Which tenants this server has, each in a file of its own, and which of them a verified domain leads to. Ids and names of
-- domains, and nothing else.

CREATE TABLE tenant (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,   -- 1: the first, in tenant.db itself
  id         BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,                    -- microseconds since 1970 in UTC
  state      INTEGER NOT NULL                     -- 0 in use, 1 being made, 2 being deleted
) STRICT;

-- At least the domains that are verified: one is here before it is verified, and until after it no longer is.
CREATE TABLE verified_domain (
  name   TEXT PRIMARY KEY,
  tenant INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX verified_domain_of ON verified_domain (tenant);
