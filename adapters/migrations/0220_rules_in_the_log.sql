-- The rules that stand are read from the log, whatever read models know; this index finds them in it.
CREATE INDEX stored_events_rules ON {schema}.stored_events (notification_id, originator_id)
    WHERE topic IN ('rule.saved', 'rule.retired');
