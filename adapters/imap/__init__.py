"""IMAP servers: what they hold, fetched under limits, in our words."""
