-- What the reactions look up when they match messages. Clear text, emptied by erasure; filled from
-- events in the transaction that moves matching_position, with their own decisions included.
CREATE TABLE {schema}.matching_position (
    name text PRIMARY KEY,
    position bigint NOT NULL
);
-- One row a message: what is matched on, and what was decided last.
CREATE TABLE {schema}.matching_message (
    message uuid PRIMARY KEY,
    facts bytea NOT NULL,
    verdict bytea
);
-- Message-IDs, as hashes: own ones, and those that a message names.
CREATE TABLE {schema}.matching_own_id (
    ref uuid NOT NULL,
    message uuid NOT NULL,
    PRIMARY KEY (ref, message)
);
CREATE TABLE {schema}.matching_named_id (
    ref uuid NOT NULL,
    message uuid NOT NULL,
    PRIMARY KEY (ref, message)
);
-- Addresses, as hashes: messages in which one stands, parties that have one.
CREATE TABLE {schema}.matching_seen (
    address uuid NOT NULL,
    message uuid NOT NULL,
    PRIMARY KEY (address, message)
);
CREATE TABLE {schema}.matching_contact (
    contact uuid PRIMARY KEY,
    address uuid NOT NULL,
    party uuid NOT NULL
);
CREATE INDEX ON {schema}.matching_contact (address);
-- Numbers under which a document may be named; key = what equal numbers share.
CREATE TABLE {schema}.matching_number (
    document uuid NOT NULL,
    party uuid NOT NULL,
    key text NOT NULL,
    number text NOT NULL,
    PRIMARY KEY (document, number)
);
CREATE INDEX ON {schema}.matching_number (party, key);
-- Whom a message is linked to now: a party's new document makes its messages due.
CREATE TABLE {schema}.matching_link (
    message uuid NOT NULL,
    target uuid NOT NULL,
    PRIMARY KEY (target, message)
);
CREATE INDEX ON {schema}.matching_link (message);
-- What the company calls its own.
CREATE TABLE {schema}.matching_ours (
    stream uuid PRIMARY KEY,
    domains text[] NOT NULL,
    addresses text[] NOT NULL
);
-- Messages to be decided on, and the event that asks for it.
CREATE TABLE {schema}.matching_due (
    message uuid PRIMARY KEY,
    cause uuid NOT NULL
);
