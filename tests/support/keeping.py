"""What mail is kept with: a keyring on a fresh database, and blobs in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adapters.blobs import Blobs
    from adapters.database import Database
    from adapters.keyring import Keyring


@pytest.fixture
def keyring(database: "Database", tmp_path: Path) -> "Keyring":
    from adapters.keyring import FileRoot, Keyring  # noqa: PLC0415

    root = FileRoot(tmp_path / "root.key")
    Keyring.initialise(database, root)
    return Keyring(database, root, "main")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path, keyring: "Keyring", database: "Database") -> "Blobs":
    from adapters.blobs import Blobs, FolderStore  # noqa: PLC0415

    return Blobs(FolderStore(folder), keyring, database)
