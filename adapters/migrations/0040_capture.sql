-- Capture: what was seen where, and how far each source was read. State, not events: every row
-- moves in the transaction that appends the events it speaks of. Nothing here is readable.

-- One row for each place in which a message was seen: the ledger that makes capture repeatable.
-- Both ids are keyed, of mailbox, folder and bytes (domain/identity.py). `place` does not mind line
-- ends, which a server and an mbox of the same folder have different; `exact` does.
CREATE TABLE {schema}.occurrence (
    exact uuid PRIMARY KEY,
    place uuid NOT NULL,
    message uuid NOT NULL,
    content_key text NOT NULL
);
CREATE INDEX ON {schema}.occurrence (place);
CREATE INDEX ON {schema}.occurrence (message);

-- An import of files that is not finished; the id is a keyed hash of the source and its target.
CREATE TABLE {schema}.import_progress (
    id bytea PRIMARY KEY,
    cursor text NOT NULL,
    counts jsonb NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far a folder of an account was fetched; its name is kept as a keyed hash.
CREATE TABLE {schema}.folder_cursor (
    account uuid NOT NULL,
    folder uuid NOT NULL,
    role text NOT NULL,
    uid_validity bigint NOT NULL,
    last_uid bigint NOT NULL,
    cut_off timestamptz,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account, folder)
);
-- Messages that are too large to fetch, or that the server would not give: they are not forgotten.
CREATE TABLE {schema}.not_fetched (
    account uuid NOT NULL,
    folder uuid NOT NULL,
    uid_validity bigint NOT NULL,
    uid bigint NOT NULL,
    size bigint,
    reason text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account, folder, uid_validity, uid)
);
CREATE TABLE {schema}.account_secret (
    account uuid PRIMARY KEY,
    sealed bytea NOT NULL
);
-- How an account's last look went; `trouble` is the sort of it, never what the server said.
CREATE TABLE {schema}.account_state (
    account uuid PRIMARY KEY,
    tried_at timestamptz NOT NULL,
    fetched_at timestamptz,
    trouble text NOT NULL DEFAULT ''
);
