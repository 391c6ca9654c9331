"""Memory of large mail goes back to the system when it is freed."""

import subprocess
import sys

import pytest

_FILLS_AND_FREES = """
import sys
from threading import Thread
from pathlib import Path
sys.path[:] = {path!r}
from adapters.allocator import give_back_memory, trim_memory

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def fill():
    kept = [bytes(b"x") * 1_500_000 for _ in range(60)]
    kept.append(b"")  # a little that lies above the rest
    del kept

give_back_memory()
before = held()
threads = [Thread(target=fill) for _ in range(8)]
[one.start() for one in threads]
[one.join() for one in threads]
trim_memory()
print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc is Linux's")
def test_what_was_freed_is_not_kept():
    code = _FILLS_AND_FREES.format(path=sys.path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 3_000_000  # some 10 MB without these settings
