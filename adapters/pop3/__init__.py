"""Fetching mail over POP3 (RFC 1939), from servers of every kind."""
