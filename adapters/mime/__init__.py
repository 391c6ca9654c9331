"""Reads mail as it comes: tolerant, deterministic, versioned, under limits."""
