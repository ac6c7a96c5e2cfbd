-- Lists in no other order are in the order of their making: the first page of a million people is read, not looked for.
CREATE INDEX object_living ON object (kind) WHERE state = 0;

-- Objects with errors are gathered from here, whatever the order of the list. Only living ones have any.
DROP INDEX object_with_errors;
CREATE INDEX object_with_errors ON object (errors) WHERE errors > 0;

-- Those that are the cloud's own, by name: among a million synced ones they are few.
CREATE INDEX object_cloud ON object (kind, name_key) WHERE state = 0 AND sync_enabled IS DISTINCT FROM 1;
