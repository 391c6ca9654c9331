-- Mail in quarantine that somebody wants to be read once more. Rows are written in the transaction of
-- the event that tells the order (quarantine.reprocessing_ordered), and go when it was tried.
CREATE TABLE {schema}.reprocess_order (
    message uuid PRIMARY KEY,
    cause uuid NOT NULL, -- the event
    correlation uuid,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp() -- whoever begins puts it off
);
