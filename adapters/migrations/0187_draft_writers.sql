-- All who saved a draft, so that none of them approves it; and the approval that is asked for it as
-- it is now.
ALTER TABLE {schema}.draft ADD COLUMN writers text[] NOT NULL DEFAULT '{}';
ALTER TABLE {schema}.draft ADD COLUMN approval uuid;
