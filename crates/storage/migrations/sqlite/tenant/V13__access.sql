-- Who changed who may sign in, which tokens there are, and the tenant's own settings. No secrets.
CREATE TABLE access_log (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL,
  event   TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail  TEXT
) STRICT;

-- When a token was used last, to within some minutes. Apart from the tokens, which change when they are made only.
CREATE TABLE token_use (
  name    TEXT PRIMARY KEY,
  used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
