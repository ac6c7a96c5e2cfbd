-- What a run did, in numbers beside its record, so that charts of a month are sums over one index.
ALTER TABLE run ADD COLUMN failed  INTEGER NOT NULL DEFAULT 0;   -- 1: it ended before it was through
ALTER TABLE run ADD COLUMN created INTEGER NOT NULL DEFAULT 0;   -- objects, taken over ones among them
ALTER TABLE run ADD COLUMN updated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN members INTEGER NOT NULL DEFAULT 0;   -- links added and removed
ALTER TABLE run ADD COLUMN work    INTEGER NOT NULL DEFAULT 0;   -- milliseconds, all its steps

UPDATE run SET
  failed  = coalesce(body ->> 'result', '') LIKE 'stopped%',
  created = (SELECT coalesce(sum(o.value), 0) FROM json_each(run.body, '$.counts') k, json_each(k.value) o
             WHERE o.key IN ('created', 'matched')),
  updated = (SELECT coalesce(sum(o.value), 0) FROM json_each(run.body, '$.counts') k, json_each(k.value) o
             WHERE o.key = 'updated'),
  deleted = (SELECT coalesce(sum(o.value), 0) FROM json_each(run.body, '$.counts') k, json_each(k.value) o
             WHERE o.key = 'deleted'),
  members = coalesce(body ->> 'membersAdded', 0) + coalesce(body ->> 'membersRemoved', 0),
  work    = (SELECT coalesce(sum(s.value ->> 'millis'), 0) FROM json_each(run.body, '$.steps') s);

DROP INDEX run_ended;
CREATE INDEX run_ended ON run (ended_at, failed, created, updated, deleted, members, work);
