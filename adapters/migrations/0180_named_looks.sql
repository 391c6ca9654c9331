-- By which hash of its Message-ID an uncertain mail may be named, and how often it was when looked for.
ALTER TABLE {schema}.sent_look ADD COLUMN ref uuid, ADD COLUMN named bigint NOT NULL DEFAULT 0;
