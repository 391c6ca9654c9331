"""GraphQL: the schema, its types, and what a question may cost."""
