-- What was fetched from maildrops (POP3), which know neither folders nor rising numbers. A row moves
-- in the transaction that appends the events it speaks of, and goes when its message is no longer
-- in the maildrop. Nothing here is readable.
CREATE TABLE {schema}.maildrop_seen (
    account uuid NOT NULL,
    uidl uuid NOT NULL, -- keyed, of the server's unique id and how often that stood before
    size bigint NOT NULL, -- as the server tells it
    digest bytea, -- keyed, of the octets; none where they were not fetched
    header bytea, -- keyed, of the header: asked for once more before a message is deleted
    left_out text, -- why it was not fetched; none where it is stored
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account, uidl)
);
