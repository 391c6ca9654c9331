"""Serving: the API over HTTP, and the work behind it."""

import asyncio
import errno
import ipaddress
import os
import socket
from datetime import UTC, datetime
from threading import Event
from typing import Annotated

import typer

from api.cli.chosen import Chosen
from api.cli.running import stopped_by_signals
from api.cli.setting import err, opened, out, plain, settings_of
from api.work.instance import Carteggio
from domain.values import Rejected
from projections import access
from projections.reader import EVERYTHING

_GRACE_S = 8  # shorter than the ten seconds that container runtimes leave


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on; else the setting, 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The port; else the setting, 8470. 0 takes any.", min=0, max=65535),
    ] = None,
    work: Annotated[
        bool | None,
        typer.Option(
            "--work/--no-work",
            help="Fetch mail and keep the read models up to date too; else the setting, yes.",
        ),
    ] = None,
) -> None:
    """Serve the API over HTTP until stopped: GraphQL at /graphql, for bearers of tokens.

    It does what `carteggio work` does as well.
    Ctrl-C or SIGTERM ends it when requests under way are answered.

    carteggio serve
    carteggio serve --host 0.0.0.0 --port 80 --no-work
    """
    chosen: Chosen = context.obj
    settings = settings_of(chosen)
    working = settings.work_in_serve if work is None else work
    host = host or settings.host
    with (
        _listening(host, settings.port if port is None else port) as listening,
        opened(context, working=True) as carteggio,
        stopped_by_signals() as stop,
    ):
        _say(carteggio, listening, host)
        _run(carteggio, listening, stop, working=working)


def _run(carteggio: Carteggio, listening: socket.socket, stop: Event, *, working: bool) -> None:
    import uvicorn  # noqa: PLC0415  no other command waits for these

    from api.app import create_app  # noqa: PLC0415
    from api.http.heads import BoundedHead  # noqa: PLC0415
    from api.http.sockets import LARGEST  # noqa: PLC0415

    config = uvicorn.Config(
        create_app(carteggio, working=working),
        http=BoundedHead,
        log_config=None,
        access_log=False,  # the application writes its own, without paths
        server_header=False,
        proxy_headers=False,  # who calls is who connects
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=LARGEST,
        ws_per_message_deflate=False,  # it would hold memory for each who only waits
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = uvicorn.Server(config)
    if not stop.is_set():  # from here on uvicorn heeds signals
        server.run(sockets=[listening])
    if not server.started and not stop.is_set():
        raise Rejected("NOT_SERVING", "the API could not start; the log says why")


def _listening(host: str, port: int) -> socket.socket:
    """Take the port before anything else, so that a taken one is told at once."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        return socket.create_server(address, family=family, backlog=512)
    except socket.gaierror:
        raise Rejected("HOST", f"there is no address {host!r} on this machine") from None
    except OSError as refusal:
        raise Rejected("PORT", _why(refusal.errno, host, port)) from None


def _why(number: int | None, host: str, port: int) -> str:
    match number:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is in use already; choose another with --port"
        case errno.EACCES:
            return f"port {port} is only for privileged users; choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"there is no address {host!r} on this machine"
        case _:
            return f"cannot listen on port {port} of {host}: {os.strerror(number or 0).lower()}"


def _say(carteggio: Carteggio, listening: socket.socket, host: str) -> None:
    port = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    out.print(plain(f"Carteggio answers at http://{shown}:{port}/graphql"))
    if not ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback:
        err.print(
            "Others can reach this address, and what they send is not encrypted here: "
            "put a server with TLS in front of it."
        )
    if not asyncio.run(_somebody_may_ask(carteggio)):
        out.print("Nobody can ask yet; a token is made with: carteggio token create NAME")


async def _somebody_may_ask(carteggio: Carteggio) -> bool:
    now = datetime.now(UTC)
    async with carteggio.reading() as asked:
        tokens = await access.tokens(*asked, EVERYTHING)
    valid = (one for one in tokens if one.revoked_at is None)
    return any(one.expires_at is None or one.expires_at > now for one in valid)
