"""The outbox: what waits to leave, why, and what people say about it."""

from dataclasses import asdict
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.excluding import Mailbox, mailbox_named
from api.cli.setting import fresh, local, opened, out, plain, print_json, print_rows, table_of
from api.work import queued
from api.work.outbox import Outbox
from api.work.queued import (
    Queued,
    Standing,
    Told,
    addresses_of,
    lanes_of,
    mail_named,
    queued_mail,
    told_of,
)
from api.work.tokens import by_operator
from domain.leaving import ResolveSending
from domain.outgoing import Resolution

_Mail = Annotated[str, typer.Argument(help="The mail's id, or its beginning, as `list` shows it.")]
_Note = Annotated[str, typer.Option(help="Why, in your words; it is kept with the mail.")]
_Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_BY = "person"


def list_(
    context: typer.Context,
    state: Annotated[
        Standing | None,
        typer.Option(help="Only mail that stands so; resting: all of its mailbox waits."),
    ] = None,
    mailbox: Mailbox = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many lines.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the mail that waits to leave, is being sent, or of which nobody knows whether it left.

    `carteggio work` sends it; each line says when it is tried next, and what to do where it is
    not sent by itself.

    carteggio outbox list
    carteggio outbox list --state uncertain
    """
    with opened(context) as carteggio:
        box = mailbox_named(carteggio, mailbox)
        rows = queued_mail(carteggio, addresses_of(carteggio), state, limit, box)
        zone = carteggio.settings.zone
    table = table_of(
        "=mail", "?mailbox", "to", "subject", "=state", "=due", "?#tries", "~said", "~what to do"
    )
    print_rows(rows, asdict, table, partial(_cells, zone=zone), as_json=as_json)


def _cells(one: Queued, zone: ZoneInfo) -> tuple[str | Text, ...]:
    people = ", ".join(one.recipients[:2])
    more = f" and {len(one.recipients) - 2} more" if len(one.recipients) > 2 else ""
    return (
        str(one.mail),
        plain(one.mailbox),
        plain(people + more),
        plain(one.subject),
        one.state,
        local(one.due, zone),
        f"{one.attempts:,}",
        plain(one.said),
        plain(one.do),
    )


def show(context: typer.Context, mail: _Mail, as_json: _Json = False) -> None:
    """Tell all that is known of a mail: to whom it goes, when it is tried, what servers said.

    carteggio outbox show 0197f3
    """
    with opened(context) as carteggio:
        told = told_of(carteggio, addresses_of(carteggio), mail_named(carteggio, mail))
        zone = carteggio.settings.zone
    if as_json:
        print_json(asdict(told))
        return
    _print(told, zone)


def _print(told: Told, zone: ZoneInfo) -> None:
    facts = table_of("=", "~")
    facts.show_header = False
    people = (f"{one} {said}".strip() for one, said in told.recipients.items())
    shown = {
        "mail": told.mail,
        "mailbox": told.mailbox,
        "state": told.state,
        "due": local(told.due, zone),
        "from": told.sender,
        "to": ", ".join(people),
        "subject": told.subject,
        "Message-ID": told.message_id,
    }
    for name, value in shown.items():
        facts.add_row(name, plain(value))
    out.print(facts)
    table = table_of("=time", "=what", "~said")
    for one in told.happened:
        table.add_row(local(one.at, zone), one.what, plain(one.said))
    out.print(table)


def cancel(context: typer.Context, mail: _Mail, note: _Note = "") -> None:
    """Take a mail back before it leaves; one that is being sent cannot be.

    carteggio outbox cancel 0197f3 --note "wrong price"
    """
    with opened(context) as carteggio:
        id = mail_named(carteggio, mail)
        Outbox(carteggio).cancel(id, by_operator(), note)
        fresh(carteggio)
    out.print(plain(f"The mail {id} is taken back."))


def resolve(
    context: typer.Context,
    mail: _Mail,
    sent: Annotated[bool, typer.Option("--sent", help="It left: it is known by now.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Send it again: it did not arrive.")
    ] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="Send it no more.")] = False,
    note: _Note = "",
) -> None:
    """Say what became of a mail of which nobody knows whether it left.

    carteggio outbox resolve 0197f3 --sent --note "the customer has it"
    """
    said = {Resolution.SENT: sent, Resolution.SEND_AGAIN: again, Resolution.GIVEN_UP: give_up}
    if sum(said.values()) != 1:
        raise typer.BadParameter("say one of these: --sent, --again, --give-up")
    resolution = next(one for one, meant in said.items() if meant)
    with opened(context) as carteggio:
        id = mail_named(carteggio, mail)
        Outbox(carteggio).resolve(id, ResolveSending(resolution, _BY, note), by_operator())
        fresh(carteggio)
    done = {
        Resolution.SENT: "counts as sent",
        Resolution.SEND_AGAIN: "is sent again",
        Resolution.GIVEN_UP: "is given up",
    }
    out.print(plain(f"The mail {id} {done[resolution]}."))


def retry(context: typer.Context, mailbox: Mailbox = None) -> None:
    """Try now what was put off: after trouble with a server, when it is mended.

    Of one mailbox, or of all of them. Mail that is planned for later stays so.

    carteggio outbox retry
    carteggio outbox retry --mailbox info@firm.example
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        box = mailbox_named(carteggio, mailbox)
        count = queued.retry(carteggio, [box] if box else lanes_of(carteggio))
    out.print(f"{count:,} mails are due now; carteggio work sends them.")
