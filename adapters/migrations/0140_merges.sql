-- Parties merged into another; `survivor` is the one at the end, to which mail is linked.
CREATE TABLE {schema}.matching_merge (
    party uuid PRIMARY KEY,
    into_party uuid NOT NULL,
    survivor uuid NOT NULL
);
CREATE INDEX ON {schema}.matching_merge (survivor);
CREATE INDEX ON {schema}.matching_contact (party);
CREATE INDEX ON {schema}.matching_choice (target);
