-- The key store. It lies in a schema of its own so that it can have backups of its own, kept for a
-- shorter time: what a destroyed key sealed stays readable as long as a backup holds the key.

-- One row. Whoever changes keys locks it; each destruction counts, and a process that sees the
-- count moved forgets the keys it holds.
CREATE TABLE {keys}.epoch (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    destructions bigint NOT NULL DEFAULT 0
);
INSERT INTO {keys}.epoch DEFAULT VALUES;

CREATE TABLE {keys}.company_key (
    version integer PRIMARY KEY,
    wrapped bytea NOT NULL, -- under the root key
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Secrets of the whole company: identity (of messages), name (of blobs), index (of look-ups).
CREATE TABLE {keys}.company_secret (
    kind text PRIMARY KEY,
    wrapped bytea NOT NULL,
    company_key_version integer NOT NULL REFERENCES {keys}.company_key
);

-- A destroyed key leaves its row behind, so that its subject never gets another one.
-- Vacuum follows each destruction: until then the dead row still lies in its page.
CREATE TABLE {keys}.keys (
    key_id uuid PRIMARY KEY,
    subject uuid NOT NULL UNIQUE,
    wrapped bytea,
    company_key_version integer REFERENCES {keys}.company_key,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (company_key_version IS NULL)),
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0);
