"""Processes of ours that do a part of the work: they open the company's journal that we have open.

A process gets its parent's module path, and the rest by a pipe, where no list of processes shows
a password. It ends soon after its parent, however that ended.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from adapters.database import Database
from adapters.journal import Journal
from adapters.keyring import FileRoot, Keyring
from adapters.logs import set_up_logs

_CHILD: Final = """
import json, sys
given = json.loads(sys.stdin.readline())
sys.path[:] = given.pop("path")
from api.work.children import begin
begin(**given)
"""


def can_open(journal: Journal) -> bool:
    """Tell whether another process can open what we have open."""
    return isinstance(journal.keyring.root, FileRoot)


def started(journal: Journal, work: str, **given: Any) -> subprocess.Popen[str]:
    """Start a process that calls `work` (`module:function`) with the journal and what is given."""
    database, root = journal.database, journal.keyring.root
    told = {
        "path": sys.path,
        "dsn": database.dsn,
        "direct_dsn": database.listen_dsn,
        "company": database.company,
        "root": str(root.path) if isinstance(root, FileRoot) else "",
        "work": work,
        "given": given,
    }
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is the parent's business
    )
    assert child.stdin is not None  # noqa: S101  it was asked for
    child.stdin.write(json.dumps(told) + "\n")
    child.stdin.flush()
    return child


def begin(
    dsn: str, direct_dsn: str, company: str, root: str, work: str, given: dict[str, Any]
) -> None:
    """Do what the parent asks; this is where the process begins."""
    set_up_logs("warning")
    module, _, function = work.partition(":")
    with _opened(Database(dsn, company, direct_dsn=direct_dsn), FileRoot(Path(root))) as journal:
        getattr(importlib.import_module(module), function)(journal, **given)


@contextmanager
def _opened(database: Database, root: FileRoot) -> Iterator[Journal]:
    try:
        yield Journal(database, Keyring(database, root, database.company))
    finally:
        database.close()
