"""What drives Carteggio: people (GraphQL, command line, HTTP) and the clock (`api/work/`)."""
