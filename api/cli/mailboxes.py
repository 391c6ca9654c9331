"""Mailboxes: which there are, how much of each was taken in, and which colleagues see them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from api.cli.setting import fresh, local, opened, out, plain, print_rows, table_of
from api.work.instance import Carteggio
from api.work.overseeing import team_of
from api.work.overview import Overview, overview
from api.work.sharing import colleague_at
from api.work.sharing import oversee as over_see
from api.work.sharing import share as let_see
from api.work.sharing import unshare as let_see_no_more
from api.work.tokens import by_operator
from domain.identity import mailbox_id
from domain.mailbox import Role
from projections import access, company, folders, messages
from projections.access import MemberRow
from projections.company import MailboxRow
from projections.reader import EVERYTHING

_Address = Annotated[str, typer.Argument(help="The mailbox's address.")]
_With = Annotated[str, typer.Option("--with", help="The colleague's address.")]


def share(
    context: typer.Context,
    address: _Address,
    colleague: _With,
    role: Annotated[
        Role,
        typer.Option(
            help="observer sees the mail and is told of nothing; reader is told; member also acts "
            "on it; supervisor answers for it."
        ),
    ] = Role.READER,
) -> None:
    """Let a colleague see a mailbox's mail, old and new, through the tokens issued to him.

    carteggio mailbox share info@firm.example --with giulia@firm.example --role member
    """
    with opened(context) as carteggio:
        box = mailbox_id(carteggio.identity_key, address.strip())
        let_see(carteggio, box, colleague_at(carteggio, colleague), role, by_operator())
        fresh(carteggio)
    out.print(plain(f"{colleague} sees {address} as {role.value}."))


def unshare(context: typer.Context, address: _Address, colleague: _With) -> None:
    """Let a colleague see a mailbox's mail no more, at once.

    carteggio mailbox unshare info@firm.example --with giulia@firm.example
    """
    with opened(context) as carteggio:
        box = mailbox_id(carteggio.identity_key, address.strip())
        let_see_no_more(carteggio, box, colleague_at(carteggio, colleague), by_operator())
        fresh(carteggio)
    out.print(plain(f"{colleague} does not see {address}."))


def oversee(
    context: typer.Context,
    manager: Annotated[str, typer.Argument(help="The address of who oversees.")],
    of: Annotated[
        list[str] | None, typer.Option(help="A colleague's address; again for more.")
    ] = None,
    group: Annotated[str, typer.Option(help="Or all of a group; see: group list.")] = "",
    role: Annotated[
        Role, typer.Option(help="observer is never alerted; supervisor is, and acts.")
    ] = Role.OBSERVER,
    end: Annotated[bool, typer.Option("--end", help="He oversees them no more.")] = False,
) -> None:
    """Let a manager see the own mailboxes of a team; what he reads there leaves a trace.

    carteggio mailbox oversee dora@firm.example --group Sales
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        who = colleague_at(carteggio, manager)
        named = [colleague_at(carteggio, one) for one in of or ()]
        team = asyncio.run(team_of(carteggio, named, group))
        over_see(carteggio, who, team, None if end else role, lambda _: by_operator())
        fresh(carteggio)
    done = "oversees no more" if end else f"oversees as {role.value}"
    out.print(plain(f"{manager} {done}: {len(team.keys() - {who})} mailboxes."))


@dataclass(frozen=True, slots=True)
class _Mailbox:
    """A mailbox with what is told of it."""

    row: MailboxRow
    members: Sequence[MemberRow]
    messages: int
    last_received_at: datetime | None
    account: Overview | None


def list_(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the mailboxes: how much of each was taken in, how it is fetched, who sees it.

    carteggio mailbox list
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        found, names = asyncio.run(_found(carteggio))
        zone = carteggio.settings.zone
    table = table_of("mailbox", "#messages", "=last received", "=account", "~shared with")
    facts, cells = partial(_facts, names=names), partial(_cells, names=names, zone=zone)
    print_rows(found, facts, table, cells, as_json=as_json)


async def _found(carteggio: Carteggio) -> tuple[list[_Mailbox], dict[UUID, str]]:
    async with carteggio.reading() as asked:
        boxes = await company.mailboxes(*asked, EVERYTHING)
        places = await folders.captured(*asked, EVERYTHING)
        shares = await access.members(*asked, EVERYTHING)
        people = await company.colleagues(*asked, EVERYTHING)
        counts = await messages.counted(*asked, EVERYTHING)
        stand = await overview(carteggio, *asked, EVERYTHING)
    accounts: dict[UUID, Overview] = {one.account.mailbox: one for one in stand}
    found = [
        _Mailbox(
            row=box,
            members=[one for one in shares if one.mailbox == box.id],
            messages=counts.get(box.id, 0),
            last_received_at=max(
                (one.last_received_at for one in places if one.mailbox == box.id), default=None
            ),
            account=accounts.get(box.id),
        )
        for box in boxes
    ]
    return found, {one.id: one.address for one in people}


def _facts(one: _Mailbox, names: Mapping[UUID, str]) -> dict[str, object]:
    return {
        "mailbox": one.row.address,
        "name": one.row.name,
        "certified": one.row.certified,
        "messages": one.messages,
        "last_received_at": one.last_received_at,
        "account": one.account.sort.value if one.account else None,
        "members": [
            {"colleague": _name(share, names), "role": share.role, "since": share.since}
            for share in one.members
        ],
    }


def _cells(one: _Mailbox, names: Mapping[UUID, str], zone: ZoneInfo) -> tuple[str | Text, ...]:
    return (
        plain(one.row.address),
        f"{one.messages:,}",
        local(one.last_received_at, zone),
        one.account.sort.value if one.account else "",
        plain(", ".join(f"{_name(share, names)} ({share.role})" for share in one.members)),
    )


def _name(share: MemberRow, names: Mapping[UUID, str]) -> str:
    return names.get(share.colleague, str(share.colleague))
