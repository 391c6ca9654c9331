"""Kept light: what is heavy lies in tests/support and is imported where it is used."""

pytest_plugins = [
    "commands",
    "consenting",
    "dovecot",
    "instances",
    "keeping",
    "office",
    "servers",
    "serving",
]
