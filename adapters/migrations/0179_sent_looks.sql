-- What is to be looked for in folders of sent mail: a copy that is to lie there (`copy`), or whether
-- a mail of which nobody knows left (`sight`). `failures` counts those in a row, `tries` the looks.
CREATE TABLE {schema}.sent_look (
    mail uuid NOT NULL,
    what text NOT NULL,
    lane uuid NOT NULL,
    since timestamptz NOT NULL,
    due timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    PRIMARY KEY (mail, what)
);
CREATE INDEX ON {schema}.sent_look (lane, due);
