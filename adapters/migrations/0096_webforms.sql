-- Addresses that write for others, who stand in Reply-To: web forms, by the company's own word.
ALTER TABLE {schema}.matching_ours ADD COLUMN forms text[] NOT NULL DEFAULT '{}';
