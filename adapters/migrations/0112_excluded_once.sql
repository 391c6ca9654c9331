-- Which mail was counted as kept out, so that it is counted once however often it is offered. `mail`
-- is a keyed hash of the entry, the mailbox and the mail's identity: it tells nothing, and goes when
-- the entry is taken off the list.
CREATE TABLE {schema}.excluded_once (
    exclusion uuid NOT NULL,
    mail uuid NOT NULL,
    PRIMARY KEY (exclusion, mail)
);
