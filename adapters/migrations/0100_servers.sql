-- Mail servers that are believed about senders, by their authserv-ids (RFC 8601).
ALTER TABLE {schema}.matching_ours ADD COLUMN servers text[] NOT NULL DEFAULT '{}';
