-- Whose mail is not taken in. The list itself is events; this index finds them among all others.
CREATE INDEX stored_events_exclusions ON {schema}.stored_events (notification_id, originator_id)
    WHERE topic IN ('exclusion.added', 'exclusion.removed');
-- How much was passed over, and nothing else of it. State, not events: it moves with the cursor of
-- the source. `folder` is a keyed hash of the mailbox and the folder's name.
CREATE TABLE {schema}.excluded_mail (
    exclusion uuid NOT NULL,
    mailbox uuid NOT NULL,
    folder uuid NOT NULL,
    day date NOT NULL,
    messages bigint NOT NULL,
    PRIMARY KEY (exclusion, mailbox, folder, day)
);
