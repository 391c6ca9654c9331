"""Accounts as somebody enters them, and the steps of trying one."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.work.accounts import Entered
    from api.work.steps import Step
    from dovecot import MailAccount

BOX = "info@firm.example"


def entered(account: "MailAccount", **more: object) -> "Entered":
    from api.work.accounts import Entered  # noqa: PLC0415

    server = account.server
    known = {"address": BOX, "host": server.host, "port": server.imaps, "security": "tls"}
    known |= {"user": account.user, "password": account.password, "ca_file": str(server.authority)}
    return Entered(**{**known, **more})  # type: ignore[arg-type]


def steps_of(one: "Entered", patience: float = 10) -> dict[str, "Step"]:
    from api.work.trying import all_tried, way_of  # noqa: PLC0415

    return {step.name: step for step in asyncio.run(all_tried(way_of(one), patience))}


def states(steps: dict[str, "Step"]) -> list[str]:
    return [step.state.value for step in steps.values()]


def bad_at(steps: dict[str, "Step"], name: str) -> "Step":
    """Give the bad step, having seen that all before it are good and none after it is reached."""
    place = list(steps).index(name)
    after = len(steps) - place - 1
    assert states(steps)[place:] == ["bad", *["not reached"] * after]
    assert set(states(steps)[:place]) <= {"good", "warning"}
    return steps[name]
