-- Mail that somebody is writing. What it says lies sealed under a key of its own, which is destroyed
-- with it; once it was sent, only the row stays, so that the same order gives the same answer.
CREATE TABLE {schema}.draft (
    id uuid PRIMARY KEY,
    mailbox uuid NOT NULL,
    author text NOT NULL, -- who began it: an id as the API gives it
    shared boolean NOT NULL, -- seen by whoever may act on the mailbox's mail; else by its author
    version integer NOT NULL,
    saved_at timestamptz NOT NULL,
    saved_by text NOT NULL,
    saved_with text, -- the command by which it was saved last
    sealed bytea, -- null once it was sent
    sent_as uuid
);
CREATE INDEX ON {schema}.draft (mailbox) WHERE sealed IS NOT NULL;
CREATE INDEX ON {schema}.draft (author) WHERE sealed IS NOT NULL;
-- Files that were uploaded to be sent; each has a key of its own. Those of no draft go after a day.
CREATE TABLE {schema}.upload (
    id uuid PRIMARY KEY,
    owner text NOT NULL,
    draft uuid, -- the draft that has it; else only its owner may use it
    uploaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    size bigint NOT NULL,
    blob text NOT NULL,
    sealed bytea NOT NULL -- its name, type and digest
);
CREATE INDEX ON {schema}.upload (draft);
CREATE INDEX ON {schema}.upload (uploaded_at) WHERE draft IS NULL;
