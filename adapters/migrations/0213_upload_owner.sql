-- How much each owner has uploaded is asked for at every upload.
CREATE INDEX ON {schema}.upload (owner);
