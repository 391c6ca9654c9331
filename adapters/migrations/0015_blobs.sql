-- Which sealed blobs there are, and which messages refer to each. A blob's key is wrapped once for
-- each of its messages, under that message's key; the blob goes with its last reference.

CREATE TABLE {schema}.blob (
    name text PRIMARY KEY,
    -- Keyed. Two importers that race for one content leave two blobs of it, and both stay.
    content_name bytea NOT NULL,
    size bigint NOT NULL, -- of the content, not of the file
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON {schema}.blob (content_name, stored_at);

CREATE TABLE {schema}.blob_reference (
    name text NOT NULL REFERENCES {schema}.blob,
    message uuid NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (name, message)
);
CREATE INDEX ON {schema}.blob_reference (message);
