-- What people ordered for messages in folders of mail servers, and is not carried out there yet. A
-- row is written in the transaction of the events that tell the order, and goes when the server
-- has done it, or when it is told that it could not be done. Nothing here is readable. `folder` and
-- `target` are those of folder_cursor, which need not know them; flags as in folder_message.
CREATE TABLE {schema}.outward_order (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- orders for a message keep their order
    account uuid NOT NULL,
    folder uuid NOT NULL, -- in which it lies
    message uuid NOT NULL,
    added smallint NOT NULL DEFAULT 0,
    removed smallint NOT NULL DEFAULT 0,
    target uuid, -- into which it is moved; none where it is marked
    ordered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries smallint NOT NULL DEFAULT 0, -- how often the server was asked, counted beforehand
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    target_next bigint -- UIDNEXT of the target before the first try: what was moved lies above
);
CREATE INDEX ON {schema}.outward_order (account, due_at);
CREATE INDEX ON {schema}.outward_order (message);
-- Where a message lies is asked when it is ordered elsewhere.
CREATE INDEX ON {schema}.folder_message (message);
