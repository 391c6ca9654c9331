-- Messages that a person closed: what refers to them later under another subject begins anew.
CREATE TABLE {schema}.matching_closed (
    message uuid PRIMARY KEY,
    at timestamptz NOT NULL
);
