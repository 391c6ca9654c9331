"""Handing mail to a server that sends it on: SMTP submission (RFC 6409), by aiosmtplib."""
