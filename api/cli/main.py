"""The command line's beginning: global options, groups of commands, and what is said on trouble."""

import errno
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from adapters.blobs import BlobMissing, Damaged, StorageFull, StorageUnavailable
from adapters.database import DatabaseUnavailable
from adapters.home import HomeUnusable, NoInstance
from adapters.keyring import KeyDestroyed, NoKeys, RootKeyUnusable
from adapters.mailfiles import NoMail
from adapters.postgres_user import PostgresFailed
from adapters.recorder import UnsafeSetting
from adapters.settings import BadSettings
from api.cli import (
    accounts,
    asking,
    demo,
    excluding,
    exporting,
    folders,
    importing,
    instance,
    ledger,
    mailboxes,
    marking,
    rereading,
    running,
    serving,
    tokens,
    trusting,
    trying,
    unmatched,
    webforms,
)
from api.cli.setting import Chosen
from api.compose import NoCompany
from api.work.directory import NoDirectory
from api.work.replay import Stopped
from domain.values import Rejected

app = typer.Typer(
    name="carteggio",
    help="Keeps what happens to a company's mail: every message, whom it is about, "
    "and who still waits for an answer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)
for group in (
    instance, importing, excluding, accounts, trying, ledger, folders, mailboxes, asking, marking,
    exporting,
    tokens, serving, running, rereading, webforms, trusting, unmatched, demo,
):  # fmt: skip
    group.add_to(app)

_SAID = (
    BadSettings,
    BlobMissing,
    Damaged,
    DatabaseUnavailable,
    HomeUnusable,
    KeyDestroyed,
    NoCompany,
    NoDirectory,
    NoInstance,
    NoKeys,
    NoMail,
    PostgresFailed,
    Rejected,
    RootKeyUnusable,
    StorageFull,
    StorageUnavailable,
    Stopped,
    UnsafeSetting,
)
_INTERRUPTED = 130
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_AGAIN = "run the same command again when that is mended: it goes on where it stopped"


@app.callback()
def chosen(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(
            help="The instance's folder; without it CARTEGGIO_HOME, else the usual place.",
            file_okay=False,
        ),
    ] = None,
    company: Annotated[
        str | None, typer.Option(help="The company that the command is about.")
    ] = None,
) -> None:
    """Keep in mind which instance and which company are meant."""
    context.obj = Chosen(home, company)


def run() -> None:
    """Run the command line; what people can mend is said in a line, without a traceback."""
    for one in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(one) is signal.SIG_DFL:
            signal.signal(one, signal.default_int_handler)
    try:
        _run_and_write()
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:
            _fail("stopped; what was done is kept", _INTERRUPTED)
        raise
    except _SAID as trouble:
        _fail(str(trouble))
    except psycopg.errors.DiskFull:
        _fail(f"no room is left for the database; nothing was lost. {_AGAIN.capitalize()}")
    except (psycopg.OperationalError, psycopg.InterfaceError) as trouble:
        reason = str(trouble).strip().splitlines()
        _fail(f"the database stopped answering ({reason[0] if reason else 'closed'}); {_AGAIN}")
    except KeyboardInterrupt:
        _fail("stopped; what was done is kept", _INTERRUPTED)
    except BrokenPipeError:
        _let_go_of_output()
        sys.exit(141)
    except OSError as trouble:
        if trouble.filename is not None:
            _fail(f"{trouble.filename}: {trouble.strerror}")
        if trouble.errno not in _FULL:
            raise
        _let_go_of_output()
        _fail("no room is left for what this command writes")


def _run_and_write() -> None:
    """Run a command; that its last words cannot be written is noticed while it can be said."""
    try:
        app()
    finally:
        sys.stdout.flush()


def _let_go_of_output() -> None:
    """Let nothing be written at the end, where it would fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str, code: int = 1) -> None:
    print(f"carteggio: {sentence}", file=sys.stderr)
    sys.exit(code)
