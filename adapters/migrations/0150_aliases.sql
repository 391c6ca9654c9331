-- Ids that a notice gives to one message: providers substitute them. Both ways round.
CREATE TABLE {schema}.matching_alias (
    ref uuid NOT NULL,
    other uuid NOT NULL,
    message uuid NOT NULL,
    PRIMARY KEY (ref, other, message)
);
CREATE INDEX ON {schema}.matching_alias (other);
CREATE INDEX ON {schema}.matching_alias (message);
-- Messages by the ids that lead to them. What a notice says counts where no mail has the id itself.
CREATE VIEW {schema}.matching_known AS
    SELECT ref, message FROM {schema}.matching_own_id
    UNION ALL SELECT a.ref, o.message FROM {schema}.matching_alias a
    JOIN {schema}.matching_own_id o ON o.ref = a.other
    WHERE NOT EXISTS (SELECT FROM {schema}.matching_own_id itself WHERE itself.ref = a.ref);
-- Messages by the ids that they name, in whichever form.
CREATE VIEW {schema}.matching_naming AS
    SELECT ref, message FROM {schema}.matching_named_id
    UNION ALL SELECT a.other, n.message FROM {schema}.matching_alias a
    JOIN {schema}.matching_named_id n ON n.ref = a.ref;
