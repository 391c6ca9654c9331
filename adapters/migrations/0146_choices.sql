-- A message may be said to concern a contact; `contact_of` is the party that has it.
ALTER TABLE {schema}.matching_choice ADD COLUMN contact_of uuid;
CREATE INDEX ON {schema}.matching_choice (contact_of) WHERE contact_of IS NOT NULL;
-- A command to many messages is one for each, under its id and theirs: by that all are found again.
CREATE INDEX ON {schema}.command (command_id text_pattern_ops);
