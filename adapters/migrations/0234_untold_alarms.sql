-- Since when nobody can be told of an alarm that is to be told; null: it was not tried yet.

ALTER TABLE {schema}.alarm_due ADD COLUMN untold_since timestamptz;
