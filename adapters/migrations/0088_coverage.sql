-- When a folder of sent mail was last read to its end: answers written elsewhere are seen till then.
ALTER TABLE {schema}.account_state ADD COLUMN sent_read_at timestamptz;
