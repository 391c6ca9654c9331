-- What is due because all mail is: it waits for mail that has just come.
ALTER TABLE {schema}.matching_due ADD COLUMN later boolean NOT NULL DEFAULT false;
CREATE INDEX ON {schema}.matching_due (message) WHERE NOT later;
