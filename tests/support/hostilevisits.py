"""Visit servers one after the other, and tell how each ended and what memory it took at most.

python hostilevisits.py PORT …    prints a JSON list of [kind, MB above the first visit]
"""

import asyncio
import json
import resource
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

from adapters.imap.values import ImapAccount, ImapTrouble, Limits  # noqa: E402
from hostile import visit  # noqa: E402

PATIENT = Limits(connect=60, command=60, fetch=60, patience=0)


async def ended(port: int) -> str:
    try:
        await visit(ImapAccount("127.0.0.1", port, "plain", "anna", "secret"), PATIENT)
    except ImapTrouble as trouble:
        return trouble.kind.value
    return ""


def most() -> float:
    """Give the most memory that was held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    found, before = [], 0.0
    for port in sys.argv[1:]:
        kind = asyncio.run(ended(int(port)))
        before = before or most()
        found.append((kind, round(most() - before)))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
