"""The command line as it is: every command under the words that people type."""

from collections.abc import Iterator
from typing import Any


def every_command() -> list[tuple[str, Any]]:
    """Import all commands; give each with its words, as `account add`."""
    import typer  # noqa: PLC0415

    from api.cli.main import app  # noqa: PLC0415

    def below(words: str, group: Any) -> Iterator[tuple[str, Any]]:
        for part in group.list_commands(None):
            command, name = group.get_command(None, part), f"{words} {part}".strip()
            if hasattr(command, "list_commands"):
                yield from below(name, command)
            else:
                yield name, command.loaded()

    return list(below("", typer.main.get_command(app)))
