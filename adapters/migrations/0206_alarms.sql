-- When next something is to be looked at of a wait: it is at risk, too late, or other words hold.
-- What is later than it would be now does no harm: it is judged when its moment comes.
CREATE TABLE {schema}.wait_due (
    message uuid PRIMARY KEY,
    at timestamptz NOT NULL
);
CREATE INDEX ON {schema}.wait_due (at);
-- Alarms that are to be told, and from when on; written with the event that they hold.
CREATE TABLE {schema}.alarm_due (
    message uuid NOT NULL,
    stage text NOT NULL,
    clock text NOT NULL,
    mailbox uuid NOT NULL,
    target uuid NOT NULL,
    since timestamptz NOT NULL,
    due timestamptz NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (message, stage)
);
CREATE INDEX ON {schema}.alarm_due (at);
-- Whom a mail tells of them already; written with the mail, gone with the event that all were told.
CREATE TABLE {schema}.alarm_mail (
    message uuid NOT NULL,
    stage text NOT NULL,
    colleague uuid NOT NULL,
    mail uuid NOT NULL,
    PRIMARY KEY (message, stage, colleague)
);
