"""Access by consent in place of a password: OAuth 2.0 (RFC 6749), as mail providers want it."""
