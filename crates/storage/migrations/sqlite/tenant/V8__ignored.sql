-- Errors that a person does not want to see until what they are about changes.
ALTER TABLE error ADD COLUMN source BLOB;          -- fingerprint of what was sent when the error was last raised
ALTER TABLE error ADD COLUMN ignored_by TEXT;
ALTER TABLE error ADD COLUMN ignored_at INTEGER;
CREATE INDEX error_ignored ON error (last_seen, eid) WHERE ignored_at IS NOT NULL;
