"""What tests of work share."""

from typing import TYPE_CHECKING

import pytest

from postbox import Postbox

if TYPE_CHECKING:
    from adapters.mime.worker import ReadingWorker
    from api.work.instance import Carteggio


@pytest.fixture
def postbox(carteggio: "Carteggio", worker: "ReadingWorker") -> Postbox:
    made = Postbox(carteggio, worker)
    made.enter()
    return made
