-- What a folder is called, sealed, and the server's own id for it (RFC 8474), keyed: so that it is
-- known again under another name. `gone_at`: since when it is not on the server any more.
ALTER TABLE {schema}.folder_cursor ADD COLUMN wire bytea;
ALTER TABLE {schema}.folder_cursor ADD COLUMN mailbox_id uuid;
ALTER TABLE {schema}.folder_cursor ADD COLUMN gone_at timestamptz;

-- What a message is known by before its body is fetched once more, keyed: of header, size and date;
-- the server's own id. `place` is that of occurrence. None of it for what was noted before.
ALTER TABLE {schema}.folder_message ADD COLUMN place uuid;
ALTER TABLE {schema}.folder_message ADD COLUMN fingerprint uuid;
ALTER TABLE {schema}.folder_message ADD COLUMN server_id uuid;
CREATE INDEX ON {schema}.folder_message (fingerprint) WHERE fingerprint IS NOT NULL;
CREATE INDEX ON {schema}.folder_message (server_id) WHERE server_id IS NOT NULL;

-- When what was not fetched is tried again, and whether somebody asked for it in spite of its size.
-- `message` is the one of which the header was kept.
ALTER TABLE {schema}.not_fetched ADD COLUMN message uuid;
ALTER TABLE {schema}.not_fetched ADD COLUMN tries integer NOT NULL DEFAULT 1;
ALTER TABLE {schema}.not_fetched ADD COLUMN next_at timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE {schema}.not_fetched ADD COLUMN wanted_at timestamptz;
CREATE INDEX ON {schema}.not_fetched (message) WHERE message IS NOT NULL;
