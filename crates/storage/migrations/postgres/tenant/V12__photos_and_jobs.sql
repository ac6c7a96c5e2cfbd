-- Codes told from tokens, lists by the time of creation, photos, and what is done by the hour: see migrations/sqlite/tenant.
ALTER TABLE token ADD COLUMN code smallint NOT NULL DEFAULT 0;
-- The rows of every tenant: for this statement its owner is not bound.
ALTER TABLE token NO FORCE ROW LEVEL SECURITY;
UPDATE token SET code = 1 WHERE role = 'syncClient' AND expires_at = created_at + 3600000000;
ALTER TABLE token FORCE ROW LEVEL SECURITY;

CREATE INDEX object_created ON object (tenant_id, kind, created_at, oid) WHERE state = 0;

CREATE TABLE photo (
  tenant_id integer NOT NULL DEFAULT this_tenant(),
  oid       bigint NOT NULL,
  etag      text NOT NULL,
  width     integer NOT NULL,
  height    integer NOT NULL,
  jpeg      bytea NOT NULL,
  PRIMARY KEY (tenant_id, oid)
);
-- A JPEG does not become smaller.
ALTER TABLE photo ALTER COLUMN jpeg SET STORAGE EXTERNAL;

CREATE TABLE job (
  tenant_id   integer NOT NULL DEFAULT this_tenant(),
  kind        text COLLATE "C" NOT NULL,
  due_at      bigint,
  attempts    bigint NOT NULL DEFAULT 0,
  taken_by    text,
  taken_until bigint,
  ended_at    bigint,
  last_error  text,
  PRIMARY KEY (tenant_id, kind)
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['photo', 'job'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY of_this_tenant ON %I USING (tenant_id = this_tenant())', name);
  END LOOP;
END
$$;
