-- Consent that was begun over the API, one row an account: a code that a person enters somewhere, or
-- a page that he opens. Whoever works asks the provider meanwhile; what came of it stands here.
CREATE TABLE {schema}.consent_asking (
    account uuid PRIMARY KEY,
    asked bytea NOT NULL, -- as in account_consent: what is asked for
    way text NOT NULL, -- device or browser
    shown jsonb NOT NULL, -- what the person is told: pages, the code to enter
    sealed bytea NOT NULL, -- what only we know of it, under the account's key; empty once it ended
    begun_by jsonb NOT NULL, -- the envelope of the event that it was begun with
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at timestamptz NOT NULL,
    due_at timestamptz, -- when the provider is asked next; whoever asks puts it off
    pause_s double precision NOT NULL DEFAULT 5,
    state text NOT NULL DEFAULT 'waiting', -- then given or refused
    said text NOT NULL DEFAULT ''
);
