-- What people said for all mail with an address (hashed), in a mailbox or with words in the subject.
CREATE TABLE {schema}.matching_remembered (
    choice uuid PRIMARY KEY,
    address uuid NOT NULL,
    party uuid NOT NULL,
    mailbox uuid,
    words text[] NOT NULL
);
CREATE INDEX ON {schema}.matching_remembered (address);
CREATE INDEX ON {schema}.matching_remembered (party);
