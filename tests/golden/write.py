"""Write the golden files that are missing: `python tests/golden/write.py`.

A golden file is one event as a released version stored it. It is written once, with the first
version of an event that has this form, and decoded for ever: never change or delete one.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER.parents[1]), str(FOLDER.parent / "support")]

import msgspec  # noqa: E402

from adapters.codec import encode  # noqa: E402
from adapters.sealing import Key  # noqa: E402
from domain.catalog import CATALOG, EventType  # noqa: E402
from events import envelope, example, stream  # noqa: E402

SECRET = b"a key that guards nothing at all"


def key_of(name: str) -> Key:
    return Key(stream(f"key of {name}"), stream(name), SECRET, "golden")


def written(kind: EventType) -> dict[str, object]:
    event = example(kind.event)
    origin = envelope(stream(f"event of {kind.name}"), "a command", "192.0.2.7")
    state = encode(event, origin, stream(kind.name), key_of(kind.name))
    return {"state": json.loads(state), "means": json.loads(msgspec.json.encode(asdict(event)))}


def main() -> None:
    for kind in CATALOG:
        file = FOLDER / f"{kind.name}.v{kind.version}.json"
        if not file.exists():
            text = json.dumps(written(kind), indent=2, ensure_ascii=False)
            file.write_text(text + "\n", encoding="utf-8")
            sys.stdout.write(f"{file.name}\n")


if __name__ == "__main__":
    main()
