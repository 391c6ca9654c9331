"""Start here: puts the four packages on the path and hands over to the command line.

In a checkout `domain`, `projections`, `adapters` and `api` lie beside this file. An installed
wheel keeps them in `carteggio_packages/`, so that their plain names meet nobody else's.
"""

import signal
import sys
from pathlib import Path


def main() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # while it loads there is nothing to tidy up
    installed = Path(__file__).resolve().parent / "carteggio_packages"
    if installed.is_dir():
        sys.path.insert(0, str(installed))
    from api.cli.main import run  # noqa: PLC0415 -- only now can it be found

    run()


if __name__ == "__main__":
    main()
