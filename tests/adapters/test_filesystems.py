"""A file system is synced as a whole only where that keeps the promise."""

import os
from pathlib import Path

import pytest

from adapters.filesystems import sync_whole, syncs_as_a_whole

IN_MEMORY = Path("/dev/shm")  # noqa: S108


@pytest.mark.skipif(not IN_MEMORY.is_mount(), reason="no file system in memory here")
def test_a_file_system_that_promises_nothing_is_not_trusted():
    assert not syncs_as_a_whole(IN_MEMORY)


def test_a_sync_that_fails_is_said(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        sync_whole(descriptor)


def test_what_can_be_synced_is(tmp_path):
    if not syncs_as_a_whole(tmp_path):
        pytest.skip("this file system is synced file by file")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    (tmp_path / "file").write_bytes(b"mail")
    sync_whole(descriptor)
    os.close(descriptor)
