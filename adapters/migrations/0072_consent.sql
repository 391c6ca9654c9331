-- What a provider granted for an account (OAuth 2.0). Whoever renews it holds the row meanwhile, so
-- that no two ask at once; what came is committed before it is used.
CREATE TABLE {schema}.account_consent (
    account uuid PRIMARY KEY,
    asked bytea NOT NULL, -- digest of what was asked for: a grant for something else is none
    sealed bytea NOT NULL, -- the tokens, under the account's key
    ends_at timestamptz, -- when consent runs out, where the provider tells it
    lost boolean NOT NULL DEFAULT false, -- nobody asks again until a person has consented
    renewed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
