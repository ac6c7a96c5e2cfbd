-- Which tenants there are, and which of them a verified domain leads to. Every transaction may look, also one without a
-- tenant: it is how the tenant of a request is found. There are numbers, ids and names of domains here, and nothing
-- else. A row is written by a transaction of its own tenant alone.

CREATE TABLE registry (
  tenant_id  integer PRIMARY KEY DEFAULT this_tenant(),
  id         uuid NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  going      smallint NOT NULL DEFAULT 0   -- 1: it is being deleted, and nothing leads to it
);

CREATE TABLE verified_domain (
  name      text COLLATE "C" PRIMARY KEY,
  tenant_id integer NOT NULL DEFAULT this_tenant()
);
CREATE INDEX verified_domain_of ON verified_domain (tenant_id);

-- The numbers of further tenants; none is given twice.
CREATE SEQUENCE tenant_number START 2;

-- The rows of every tenant: for these statements the owner is not bound.
ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY;
ALTER TABLE domain NO FORCE ROW LEVEL SECURITY;
INSERT INTO registry (tenant_id, id, created_at) SELECT tenant_id, id, created_at FROM tenant;
INSERT INTO verified_domain (name, tenant_id) SELECT name, min(tenant_id) FROM domain WHERE verified = 1 GROUP BY name;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
ALTER TABLE domain FORCE ROW LEVEL SECURITY;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['registry', 'verified_domain'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY all_look ON %I FOR SELECT USING (true)', name);
    EXECUTE format('CREATE POLICY own_made ON %I FOR INSERT WITH CHECK (tenant_id = this_tenant())', name);
    EXECUTE format('CREATE POLICY own_changed ON %I FOR UPDATE USING (tenant_id = this_tenant())', name);
    EXECUTE format('CREATE POLICY own_removed ON %I FOR DELETE USING (tenant_id = this_tenant())', name);
  END LOOP;
END
$$;

-- A tenant is in the registry from the transaction on that makes it.
CREATE FUNCTION register_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO registry (tenant_id, id, created_at) VALUES (NEW.tenant_id, NEW.id, NEW.created_at);
  RETURN NEW;
END
$$;
CREATE TRIGGER register_tenant AFTER INSERT ON tenant FOR EACH ROW EXECUTE FUNCTION register_tenant();

-- Has a domain lead to this tenant; 0 where it leads to another. One that another transaction is taking is waited for.
CREATE FUNCTION claim_domain(wanted text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO verified_domain (name, tenant_id) VALUES (wanted, this_tenant()) ON CONFLICT DO NOTHING;
  RETURN (SELECT count(*) FROM verified_domain WHERE name = wanted AND tenant_id = this_tenant());
END
$$;

-- Has a domain lead nowhere any more.
CREATE FUNCTION release_domain(gone text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM verified_domain WHERE name = gone AND tenant_id = this_tenant();
  RETURN 1;
END
$$;
