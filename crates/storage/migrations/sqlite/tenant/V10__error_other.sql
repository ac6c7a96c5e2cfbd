-- An object that is purged is looked for in the errors that name it.
CREATE INDEX error_other ON error (other) WHERE other IS NOT NULL;
