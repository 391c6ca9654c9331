"""Prints what others rely on: the schema, or with the word `access` the access rules.

python -m api.graphql.printing > docs/schema.graphql
python -m api.graphql.printing access > tests/golden/access.txt
"""

import sys

from api.graphql.access import rules
from api.graphql.schema import schema


def printed() -> str:
    """Give the schema in GraphQL's own language."""
    return schema.as_str().strip() + "\n"


def access_rules() -> str:
    """Give each field and command with what it needs, one a line."""
    return "".join(f"{field}\t{rule}\n" for field, rule in rules(schema).items())


if __name__ == "__main__":
    sys.stdout.write(access_rules() if sys.argv[1:] == ["access"] else printed())
