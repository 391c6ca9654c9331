-- Mail that waits to leave, or of which nobody knows whether it left; what is done with is not here.
-- The stream of each mail is what counts; a row says when it is due, and in which lane.
CREATE TABLE {schema}.outbox (
    mail uuid PRIMARY KEY,
    lane uuid NOT NULL,
    due timestamptz NOT NULL,
    state text NOT NULL,
    keep boolean NOT NULL DEFAULT false -- it left, and its copy is to be taken in
);
CREATE INDEX ON {schema}.outbox (lane, due, mail) WHERE state = 'waiting';
CREATE INDEX ON {schema}.outbox (lane) WHERE state <> 'waiting' OR keep;
-- Lanes that rest, as their server cannot be reached or will have nothing now.
CREATE TABLE {schema}.outbox_lane (
    lane uuid PRIMARY KEY,
    failures integer NOT NULL,
    paused_until timestamptz
);
