"""What happens to a company's mail, and why: events, commands, decisions, policies."""
