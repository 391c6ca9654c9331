"""Prints the schema as docs/schema.graphql has it: python -m api.graphql.printing."""

import sys

from api.graphql.schema import schema


def printed() -> str:
    """Give the schema in GraphQL's own language."""
    return schema.as_str().strip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(printed())
