-- Mails of a lane that are sent together, in a flight. While a row has one, its mail is leased (`state`
-- is sending), and from `offered_at` on its content may have been offered, to these recipients by
-- their places. Its events follow.
ALTER TABLE {schema}.outbox ADD COLUMN flight uuid;
ALTER TABLE {schema}.outbox ADD COLUMN offered_at timestamptz;
ALTER TABLE {schema}.outbox ADD COLUMN offered integer[];
CREATE INDEX ON {schema}.outbox (flight) WHERE flight IS NOT NULL;
-- A witness of each flight, and what was answered and is not recorded yet, sealed. After a crash of the
-- database they are empty: marks of that flight, which are not waited for, may be lost then as well.
CREATE UNLOGGED TABLE {schema}.outbox_flight (
    flight uuid PRIMARY KEY,
    lane uuid NOT NULL
);
CREATE UNLOGGED TABLE {schema}.outbox_answer (
    flight uuid NOT NULL,
    mail uuid NOT NULL,
    said bytea NOT NULL,
    PRIMARY KEY (flight, mail)
);
