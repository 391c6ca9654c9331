-- Passwords for sending where they are not those for fetching, sealed.
CREATE TABLE {schema}.sending_secret (
    account uuid PRIMARY KEY,
    sealed bytea NOT NULL
);
