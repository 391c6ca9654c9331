"""Programs that are told what happens: added, paused, told once more, tried, looked at."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from api.cli.setting import (
    fresh,
    local,
    moment,
    opened,
    out,
    plain,
    print_json,
    print_rows,
    table_of,
)
from api.cli.tokens import mailboxes_named
from api.work import webhooks
from api.work.delivering import tried
from api.work.instance import Carteggio
from api.work.tokens import by_operator
from api.work.webhooks import Delivery, Saved, Standing
from domain.values import Rejected
from domain.webhook import PauseReason, WebhookChanged

Name = Annotated[str, typer.Argument(help="Which program is told.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
_PAUSED = {
    PauseReason.ORDERED: "paused",
    PauseReason.GONE: "paused: it is gone (410)",
    PauseReason.FAILING: "paused: it took nothing for three days",
}


def add(
    context: typer.Context,
    name: Name,
    url: Annotated[str, typer.Argument(help="Where it is told, as https://erp.example/hooks.")],
    event: Annotated[
        list[str] | None, typer.Option(help="What it is told; again for more. Else document.sent.")
    ] = None,
    mailbox: Annotated[
        list[str] | None, typer.Option(help="A mailbox it is told of; again for more. Else all.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="Certificates (PEM) of who alone may vouch for it.")
    ] = None,
    plain_http: Annotated[
        bool, typer.Option("--plain", help="Tell it without TLS: others may read it on its way.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--from", help="A position or time from which on it is told. Else now."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Tell a program what happens, from now on; of one that is there already, say it otherwise.

    The secret by which it verifies is shown this once only.

    carteggio webhook add erp https://erp.example/hooks/carteggio
    """
    with opened(context) as carteggio:
        fresh(carteggio)
        boxes = asyncio.run(mailboxes_named(carteggio, mailbox)) if mailbox else None
        wanted = WebhookChanged(
            events=tuple(dict.fromkeys(event or ["document.sent"])),
            mailboxes=None if boxes is None else tuple(boxes),
            plain=plain_http,
            name=name.strip(),
            url=url.strip(),
            authorities=_authorities(ca_file) if ca_file else "",
        )
        after = None if since is None else _after(carteggio, since)
        saved = webhooks.save(carteggio, wanted, by_operator(), after)
    _show(saved, name, as_json=as_json)


def secret(
    context: typer.Context,
    name: Name,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Draw a new secret, and print it this once; for a day the former one verifies as well.

    carteggio webhook secret erp
    """
    with opened(context) as carteggio:
        one = webhooks.named(carteggio, name)
        saved = webhooks.draw_secret(carteggio, one.id, by_operator())
    _show(saved, name, as_json=as_json)


def pause(context: typer.Context, name: Name) -> None:
    """Tell it nothing for now; what happens meanwhile is told when it is resumed.

    carteggio webhook pause erp
    """
    with opened(context) as carteggio:
        webhooks.pause(carteggio, webhooks.named(carteggio, name).id, by_operator())
    out.print(plain(f"{name} is told nothing until: carteggio webhook resume {name}"))


def resume(context: typer.Context, name: Name) -> None:
    """Tell it again, from where it was left.

    carteggio webhook resume erp
    """
    with opened(context) as carteggio:
        webhooks.resume(carteggio, webhooks.named(carteggio, name).id, by_operator())
    out.print(plain(f"{name} is told again what happens, by whoever works: work or serve."))


def remove(context: typer.Context, name: Name) -> None:
    """Tell it nothing any more, and destroy its secret.

    carteggio webhook remove erp
    """
    with opened(context) as carteggio:
        webhooks.remove(carteggio, webhooks.named(carteggio, name).id, by_operator())
    out.print(plain(f"{name} is told nothing any more, and its secret is destroyed."))


def replay(
    context: typer.Context,
    name: Name,
    since: Annotated[str, typer.Option("--from", help="A position, or a time as 2026-04-30.")],
) -> None:
    """Tell it once more what happened from a position or time on, each under its former id.

    carteggio webhook replay erp --from 2026-04-30
    """
    with opened(context) as carteggio:
        one = webhooks.named(carteggio, name)
        after = _after(carteggio, since)
        webhooks.replay(carteggio, one.id, after, by_operator())
    out.print(plain(f"{name} is told once more what happened after position {after}."))


def test(context: typer.Context, name: Name) -> None:
    """Tell it a thing that means nothing (webhook.test), and say what it answers.

    carteggio webhook test erp
    """
    with opened(context) as carteggio:
        answer = asyncio.run(tried(carteggio, webhooks.named(carteggio, name)))
    if not answer.taken:
        said = f"answers {answer.status}" if answer.status else answer.trouble.replace("_", " ")
        raise Rejected("NOT_TAKEN", f"{name} did not take it: {said}")
    out.print(plain(f"{name} took it: {answer.status}, in {answer.ms} ms."))


def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the programs that are told, and how far each is.

    carteggio webhook list
    """
    with opened(context) as carteggio:
        rows, head = webhooks.standing(carteggio), carteggio.journal.head()
        zone = carteggio.settings.zone
    table = table_of("name", "url", "told", "state", "position")

    def cells(one: Standing) -> tuple[Text, ...]:
        state, far = _state(one), f"{one.row.position} of {head}"
        if one.row.failures and one.paused is None:
            state += f", again at {local(one.row.due, zone)}"
        return tuple(
            map(plain, (one.now.name, one.now.url, ", ".join(one.now.events), state, far))
        )

    print_rows(rows, _facts, table, cells, as_json=as_json)


def log(
    context: typer.Context,
    name: Name,
    limit: Annotated[int, typer.Option(help="How many tries.", min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """List the last tries to tell it something, the latest first; those of 30 days are kept.

    carteggio webhook log erp
    """
    with opened(context) as carteggio:
        rows = webhooks.deliveries(carteggio, webhooks.named(carteggio, name).id, limit)
        zone = carteggio.settings.zone
    table = table_of("at", "event", "position", "try", "answer", "ms", "id")

    def cells(one: Delivery) -> tuple[Text, ...]:
        answer = str(one.status) if one.status else one.trouble.replace("_", " ")
        said = (one.name, one.position, one.attempt, answer, one.ms, one.delivery)
        return (plain(local(one.at, zone)), *map(plain, said))

    print_rows(
        rows, lambda one: {key: getattr(one, key) for key in Delivery.__slots__}, table, cells,
        as_json=as_json,
    )  # fmt: skip


def _show(saved: Saved, name: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": saved.id, "secret": saved.secret or None})
    elif saved.secret:
        print(saved.secret)
    else:
        out.print(plain(f"{name} is as it is said now; its secret stays."))


def _facts(one: Standing) -> Mapping[str, object]:
    return {
        "id": one.id,
        "name": one.now.name,
        "url": one.now.url,
        "events": one.now.events,
        "mailboxes": one.now.mailboxes,
        "state": _state(one),
        "position": one.row.position,
        "failures": one.row.failures,
        "failing_since": one.row.failing_since,
        "next_try_at": one.row.due if one.row.failures and one.paused is None else None,
    }


def _state(one: Standing) -> str:
    if one.paused is not None:
        return _PAUSED[one.paused]
    return f"failing ({one.row.failures})" if one.row.failures else "told"


def _after(carteggio: Carteggio, since: str) -> int:
    """Read from where on: a position, or a time."""
    if since.isascii() and since.isdigit() and len(since) < 19:
        return max(0, int(since) - 1)
    return webhooks.position_before(carteggio, moment(since, carteggio.settings.zone))


def _authorities(file: Path) -> str:
    from adapters.certificates import authorities_of  # noqa: PLC0415

    try:
        return authorities_of(file.read_text(encoding="ascii"))[0]
    except (OSError, ValueError):
        raise Rejected("INVALID", f"{file} holds no certificates (PEM) that can be read") from None
