-- Errors that a person does not want to see until what they are about changes: see migrations/sqlite/tenant.
ALTER TABLE error ADD COLUMN source bytea, ADD COLUMN ignored_by text, ADD COLUMN ignored_at bigint;
CREATE INDEX error_ignored ON error (tenant_id, last_seen, eid) WHERE ignored_at IS NOT NULL;
