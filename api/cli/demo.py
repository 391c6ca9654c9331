"""The first sight: a sample company is taken in, shown, and served; or asked and left again."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.chosen import Chosen


def demo(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Ask the API three questions, compare, and end.")
    ] = False,
    home: Annotated[
        Path | None,
        typer.Option(help="The demo's own folder; without it beside the usual instance."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Where the API listens; without it 8470, or any if that is taken.",
        ),
    ] = None,
) -> None:
    """Show a sample company: its mail, what waits for an answer, a history, and the API.

    The demo has an instance of its own, made anew each time; yours is never touched.

    carteggio demo
    carteggio demo --check
    """
    # The web server takes long to load, and no other command should wait for it.
    from api.cli.demo_show import show  # noqa: PLC0415

    chosen: Chosen = context.obj
    if not show(home or chosen.folder, port, check=check):
        raise typer.Exit(1)
