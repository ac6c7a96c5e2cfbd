-- Who changed who may sign in, and when tokens were used last: see migrations/sqlite/tenant.
CREATE TABLE access_log (
  tenant_id integer NOT NULL DEFAULT this_tenant(),
  id        bigint NOT NULL,
  at        bigint NOT NULL,
  actor     text NOT NULL,
  event     text NOT NULL,
  subject   text NOT NULL,
  detail    text,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE token_use (
  tenant_id integer NOT NULL DEFAULT this_tenant(),
  name      text COLLATE "C" NOT NULL,
  used_at   bigint NOT NULL,
  PRIMARY KEY (tenant_id, name)
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['access_log', 'token_use'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY of_this_tenant ON %I USING (tenant_id = this_tenant())', name);
  END LOOP;
END
$$;
