"""The command line's beginning: global options, and what is said on trouble."""

import errno
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from api.cli.chosen import Chosen
from api.cli.commands import Commands

app = typer.Typer(
    name="carteggio",
    cls=Commands,
    help="Keeps what happens to a company's mail: every message, whom it is about, "
    "and who still waits for an answer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)
_INTERRUPTED = 130
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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
    except Exception as trouble:
        # Named, not imported: what it knows of is most of the program.
        sentence = import_module("api.cli.trouble").said_of(trouble)
        if sentence is None:
            raise
        _fail(sentence)


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
