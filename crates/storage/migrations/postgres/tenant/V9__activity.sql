-- What a run did, in numbers beside its record, so that charts of a month are sums over one index.
ALTER TABLE run
  ADD COLUMN failed  bigint NOT NULL DEFAULT 0,   -- 1: it ended before it was through
  ADD COLUMN created bigint NOT NULL DEFAULT 0,   -- objects, taken over ones among them
  ADD COLUMN updated bigint NOT NULL DEFAULT 0,
  ADD COLUMN deleted bigint NOT NULL DEFAULT 0,
  ADD COLUMN members bigint NOT NULL DEFAULT 0,   -- links added and removed
  ADD COLUMN work    bigint NOT NULL DEFAULT 0;   -- milliseconds, all its steps

-- The rows of every tenant: for this statement its owner is not bound.
ALTER TABLE run NO FORCE ROW LEVEL SECURITY;
UPDATE run SET
  failed  = CASE WHEN body::jsonb ->> 'result' LIKE 'stopped%' THEN 1 ELSE 0 END,
  created = (SELECT coalesce(sum(o.value::bigint), 0)
             FROM jsonb_each(body::jsonb -> 'counts') k, jsonb_each_text(k.value) o WHERE o.key IN ('created', 'matched')),
  updated = (SELECT coalesce(sum(o.value::bigint), 0)
             FROM jsonb_each(body::jsonb -> 'counts') k, jsonb_each_text(k.value) o WHERE o.key = 'updated'),
  deleted = (SELECT coalesce(sum(o.value::bigint), 0)
             FROM jsonb_each(body::jsonb -> 'counts') k, jsonb_each_text(k.value) o WHERE o.key = 'deleted'),
  members = coalesce((body::jsonb ->> 'membersAdded')::bigint, 0)
          + coalesce((body::jsonb ->> 'membersRemoved')::bigint, 0),
  work    = (SELECT coalesce(sum((s.value ->> 'millis')::bigint), 0) FROM jsonb_array_elements(body::jsonb -> 'steps') s);
ALTER TABLE run FORCE ROW LEVEL SECURITY;

DROP INDEX run_ended;
CREATE INDEX run_ended ON run (tenant_id, ended_at, failed, created, updated, deleted, members, work);
