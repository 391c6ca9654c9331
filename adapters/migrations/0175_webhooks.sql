-- How far each webhook was told what happens. A row is written with the events of its webhook and
-- goes with it; whoever delivers puts `due` off before he begins, so another one takes over if he dies.
CREATE TABLE {schema}.webhook (
    id uuid PRIMARY KEY,
    position bigint NOT NULL, -- all up to here was told
    due timestamptz NOT NULL DEFAULT clock_timestamp(),
    paused boolean NOT NULL DEFAULT false,
    failures integer NOT NULL DEFAULT 0, -- in a row, of the next thing to tell
    failing_since timestamptz
);
-- Secrets by which is signed, sealed; for a day the one before, too.
CREATE TABLE {schema}.webhook_secret (
    webhook uuid PRIMARY KEY,
    sealed bytea NOT NULL,
    former bytea,
    former_until timestamptz
);
-- What was tried, for whoever looks for what went wrong; pruned after some weeks.
CREATE TABLE {schema}.webhook_delivery (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook uuid NOT NULL,
    name text NOT NULL, -- of the event; webhook.test for a trial
    delivery text NOT NULL, -- the webhook-id header
    position bigint, -- null for a trial
    attempt integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ms integer NOT NULL,
    status integer, -- null where no answer came
    trouble text NOT NULL DEFAULT '' -- of a known kind; never what the other side wrote
);
CREATE INDEX ON {schema}.webhook_delivery (webhook, number);
CREATE INDEX ON {schema}.webhook_delivery (at);
