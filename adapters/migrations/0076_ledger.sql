-- What the servers' folders held when they were last compared with what was taken in. State, not
-- events: a row is written anew at each comparison. `folder` is that of folder_cursor.
CREATE TABLE {schema}.account_ledger (
    account uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL, -- whoever compares writes it first, so that no two do
    checked_at timestamptz, -- when all folders were last compared to their end
    trouble text NOT NULL DEFAULT '' -- the sort of it, never what the server said
);
CREATE TABLE {schema}.folder_ledger (
    account uuid NOT NULL,
    folder uuid NOT NULL,
    role text NOT NULL,
    uid_validity bigint NOT NULL,
    on_server bigint NOT NULL,
    captured bigint NOT NULL,
    missing bigint[] NOT NULL, -- on the server, not captured, and not known as not fetched
    not_fetched bigint NOT NULL, -- on the server, in the table not_fetched
    vanished bigint NOT NULL, -- captured, and gone from there without being marked so
    checked_at timestamptz NOT NULL,
    PRIMARY KEY (account, folder)
);
