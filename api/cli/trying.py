"""Trying an account: each step on the way to its mail, and what the server says of it."""

import asyncio
from dataclasses import replace
from typing import Annotated

import typer
from rich.text import Text

from api.cli.setting import fresh, opened, plain, print_rows, table_of
from api.work.consent import Consents
from api.work.instance import Carteggio
from api.work.sendingside import sending_of
from api.work.steps import State, Step
from api.work.trying import PATIENCE, all_tried, way_out, way_to
from domain.values import Rejected


def try_out(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The mailbox's address.")],
    patience: Annotated[
        float, typer.Option(min=1, max=300, help="Seconds that the server has for each answer.")
    ] = PATIENCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Try an account step by step, fetching and sending nothing; exit 1 where a step is bad.

    carteggio account test info@firm.example
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        steps = asyncio.run(_tried(carteggio, address, patience))
    print_rows(
        steps, _facts, table_of("step", "=state", "#seconds", "~said"), _cells, as_json=as_json
    )
    if any(step.state is State.BAD for step in steps):
        raise typer.Exit(1)


async def _tried(carteggio: Carteggio, address: str, patience: float) -> list[Step]:
    """Go the way to the mailbox, and the way out of it, as far as they are configured."""
    consents, out = Consents(carteggio), await sending_of(carteggio, address)
    steps: list[Step] = []
    try:
        steps += await all_tried(await way_to(carteggio, consents, address), patience)
    except Rejected as refusal:
        if out is None or refusal.code != "NOT_FOUND":
            raise
    if out is not None:
        sending = await all_tried(await way_out(carteggio, consents, out), patience)
        steps += [replace(step, name=f"sending: {step.name}") for step in sending]
    return steps


def _facts(step: Step) -> dict[str, object]:
    return {
        "step": step.name,
        "state": step.state.value,
        "said": step.said,
        "seconds": step.seconds,
        "found": step.found,
    }


def _cells(step: Step) -> tuple[str | Text, ...]:
    seconds = "" if step.state is State.NOT_REACHED else f"{step.seconds:.2f}"
    return step.name, step.state.value, seconds, plain(step.said)
