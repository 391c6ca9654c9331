"""The octets of mail that is sent."""
