-- Documents: what kind, of which day; `short` is a number without its year, as people write it.
ALTER TABLE {schema}.matching_number
    DROP CONSTRAINT matching_number_pkey,
    ADD COLUMN kind text NOT NULL DEFAULT '',
    ADD COLUMN issued_on date,
    ADD COLUMN short boolean NOT NULL DEFAULT false,
    ADD PRIMARY KEY (document, number, short);
CREATE INDEX ON {schema}.matching_number (key);
-- Contacts by the domain of their company, none where everybody may have an address.
ALTER TABLE {schema}.matching_contact ADD COLUMN domain uuid;
CREATE INDEX ON {schema}.matching_contact (domain, party);
-- Who told of an address as his own, and in which message.
CREATE TABLE {schema}.matching_announced (
    address uuid NOT NULL,
    message uuid NOT NULL,
    teller text NOT NULL,
    teller_ref uuid NOT NULL,
    PRIMARY KEY (address, message)
);
CREATE INDEX ON {schema}.matching_announced (message);
CREATE INDEX ON {schema}.matching_announced (teller_ref);
-- Messages by what others may go on with: a person in them and their subject, a question asked.
CREATE TABLE {schema}.matching_topic (
    topic uuid NOT NULL,
    at timestamptz NOT NULL,
    message uuid NOT NULL,
    question boolean NOT NULL,
    PRIMARY KEY (topic, at, message)
);
CREATE INDEX ON {schema}.matching_topic (message);
-- Messages that go on with an earlier one on such a topic, if it is found.
CREATE TABLE {schema}.matching_seeker (
    topic uuid NOT NULL,
    at timestamptz NOT NULL,
    message uuid NOT NULL,
    PRIMARY KEY (topic, at, message)
);
CREATE INDEX ON {schema}.matching_seeker (message);
-- Numbers that stand in messages which belong to nobody by other evidence.
CREATE TABLE {schema}.matching_mention (
    key text NOT NULL,
    message uuid NOT NULL,
    PRIMARY KEY (key, message)
);
CREATE INDEX ON {schema}.matching_mention (message);
-- What people said about links: it stands above every rule.
CREATE TABLE {schema}.matching_choice (
    message uuid NOT NULL,
    kind text NOT NULL,
    target uuid NOT NULL,
    belongs boolean NOT NULL,
    said_by text NOT NULL,
    PRIMARY KEY (message, kind, target)
);
-- Look-ups of another version are filled anew, without decisions until all is there.
ALTER TABLE {schema}.matching_position
    ADD COLUMN version integer NOT NULL DEFAULT 0,
    ADD COLUMN filling_up_to bigint NOT NULL DEFAULT 0;
