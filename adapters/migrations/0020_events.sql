-- The journal. The table is that of the library `eventsourcing` (9.5), so that its readers work on
-- it too; `recorded_at` is ours: the database's clock inside the append lock, never going back.
CREATE TABLE {schema}.stored_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigserial NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    -- Rows up to a page stay in line: events are read in order, and a side table costs a look-up
    -- for each. What is sealed does not shrink, so nothing is compressed.
    toast_tuple_target = 8160,
    autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5,
    autovacuum_analyze_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.01
);
ALTER TABLE {schema}.stored_events ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX stored_events_notification_id_idx ON {schema}.stored_events (notification_id);

-- What was asked with a command id, and where it led. A repeated command gives the same answer.
CREATE TABLE {schema}.command (
    command_id text PRIMARY KEY,
    fingerprint bytea NOT NULL, -- keyed, of actor, stream and command
    stream uuid NOT NULL,
    position bigint, -- none if it was so already
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is only appended to; % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();
