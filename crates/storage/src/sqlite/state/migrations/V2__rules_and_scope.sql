-- Texts that are kept by name and seldom change: the rules in force before, the attributes that were read.
CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;

-- Entries to be evaluated again before the next plan, though they did not change themselves.
CREATE TABLE unsettled (id INTEGER PRIMARY KEY);
