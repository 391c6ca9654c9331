-- Why a lane rests, for people; `mark` tells whether what it sends by was changed since.
ALTER TABLE {schema}.outbox_lane ADD COLUMN why text NOT NULL DEFAULT '';
ALTER TABLE {schema}.outbox_lane ADD COLUMN said text NOT NULL DEFAULT '';
ALTER TABLE {schema}.outbox_lane ADD COLUMN mark bytea NOT NULL DEFAULT '';
-- How much of what its server takes a lane has used: in slots of two seconds, and of an hour.
CREATE TABLE {schema}.outbox_used (
    lane uuid NOT NULL,
    per text NOT NULL, -- minute: mails; day: recipients
    slot timestamptz NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (lane, per, slot)
);
