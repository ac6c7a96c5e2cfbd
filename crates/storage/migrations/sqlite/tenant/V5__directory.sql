-- Objects that the cloud itself writes, and who wrote them.
ALTER TABLE object ADD COLUMN version INTEGER NOT NULL DEFAULT 1;  -- grows with every change
ALTER TABLE object ADD COLUMN changed_at INTEGER;                  -- last change that was no sync client's
ALTER TABLE object ADD COLUMN external_id TEXT;                    -- SCIM's externalId
ALTER TABLE object ADD COLUMN manager_oid INTEGER;                 -- the manager, where it was set in the cloud
CREATE INDEX object_external_id ON object (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX object_manager ON object (manager) WHERE manager IS NOT NULL;
CREATE INDEX object_manager_oid ON object (manager_oid) WHERE manager_oid IS NOT NULL;

-- What an object holds beside its properties, JSON.
ALTER TABLE body ADD COLUMN extra TEXT;

ALTER TABLE history_batch ADD COLUMN actor TEXT;                   -- the person or program, by name

-- Since when changes can be told one by one: what changes all objects at once is not in the history of each.
ALTER TABLE tenant ADD COLUMN changes_from INTEGER;
