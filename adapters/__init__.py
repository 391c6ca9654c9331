"""What Carteggio drives: event store, PostgreSQL, blobs, keys, mail servers, mail formats."""
