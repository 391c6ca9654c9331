-- Whose turn it was last in a group of colleagues; written with the event that tells of it.
CREATE TABLE {schema}.rule_turn (
    staff_group uuid PRIMARY KEY,
    member uuid NOT NULL
);
-- What was taken in before there were rules is acted on by none.
INSERT INTO {schema}.matching_position (name, position)
    SELECT 'rules', coalesce(max(notification_id), 0) FROM {schema}.stored_events;
