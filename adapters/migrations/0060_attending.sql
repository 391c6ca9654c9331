-- Which process attends which account. State, not events: a process that does not renew its row
-- in time is taken for dead, and its accounts are free with it.
CREATE TABLE {schema}.attending_worker (
    worker uuid PRIMARY KEY,
    until timestamptz NOT NULL
);
CREATE TABLE {schema}.account_lease (
    account uuid PRIMARY KEY,
    worker uuid NOT NULL REFERENCES {schema}.attending_worker ON DELETE CASCADE
);
CREATE INDEX ON {schema}.account_lease (worker);

-- How often in a row an account failed, and when it is tried again, whichever process does it.
ALTER TABLE {schema}.account_state ADD COLUMN failures integer NOT NULL DEFAULT 0;
ALTER TABLE {schema}.account_state ADD COLUMN next_at timestamptz;
