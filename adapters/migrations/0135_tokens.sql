-- Documents that are known, each with its party if it has one: signed tokens name them by their id.
CREATE TABLE {schema}.matching_document (
    document uuid PRIMARY KEY,
    party uuid
);
