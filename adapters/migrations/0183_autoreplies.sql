-- Mail that was answered automatically; written with the event that the answer is in the outbox.
-- `senders` are keyed hashes of the addresses that count as its sender.
CREATE TABLE {schema}.autoreply (
    message uuid NOT NULL,
    responder uuid NOT NULL,
    mailbox uuid NOT NULL,
    senders uuid[] NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (message, responder)
);
CREATE INDEX ON {schema}.autoreply (responder, at);
CREATE INDEX ON {schema}.autoreply (at);
-- What was taken in before there were automatic answers gets none.
INSERT INTO {schema}.matching_position (name, position)
    SELECT 'autoreplies', coalesce(max(notification_id), 0) FROM {schema}.stored_events;
