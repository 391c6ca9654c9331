-- Where each read model stands. A generation is one set of its tables, filled from the first event
-- on; `active` is the one that is read. Read tables themselves are made by the feed.
CREATE TABLE {schema}.projection (
    name text NOT NULL,
    generation integer NOT NULL,
    version integer NOT NULL, -- of the code that fills it
    state text NOT NULL CHECK (state IN ('filling', 'live', 'stopped', 'retired')),
    active boolean NOT NULL DEFAULT false,
    finished boolean NOT NULL DEFAULT false, -- all its indexes are there
    tables text[] NOT NULL, -- logical names, to be dropped when it is retired
    position bigint NOT NULL DEFAULT 0,
    error text, -- what kind, and where in the code; never what an event says
    stopped_at_position bigint,
    events bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at timestamptz,
    PRIMARY KEY (name, generation),
    CHECK ((state = 'stopped') = (stopped_at_position IS NOT NULL)),
    CHECK ((state = 'retired') = (retired_at IS NOT NULL)),
    CHECK (NOT (active AND state = 'retired'))
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX projection_active ON {schema}.projection (name) WHERE active;

-- Events that an operator let a version of a read model pass over, also when it is filled again.
CREATE TABLE {schema}.projection_skip (
    name text NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (name, version, position)
);
