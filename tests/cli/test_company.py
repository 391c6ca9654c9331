"""The labelled company, taken in whole: what comes out, and that the order does not matter."""

import csv
import importlib.util
import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from api.work.directory import import_directory
from api.work.exporting import message_lines
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from instances import opened_on
from projections.messages import MessageFilter
from projections.reader import EVERYTHING

pytestmark = pytest.mark.slow
DATA = os.environ.get("CARTEGGIO_TEST_DATA", "")
WANTED = {
    "parties": 0.90,
    "documents": 0.80,
    "conversation": 0.80,
    "automatic": 0.95,
    "unanswered": 0.75,
}


@pytest.fixture
def data() -> Path:
    if not DATA:
        pytest.skip("CARTEGGIO_TEST_DATA does not name the folder of the test data")
    return Path(DATA)


def boxes(data: Path) -> list[Wanted]:
    with (data / "company" / "mailboxes.csv").open(newline="") as rows:
        return [
            Wanted(data / "company" / "mailboxes" / row["file"], row["address"], row["folder"])
            for row in csv.DictReader(rows)
        ]


async def exported(carteggio: Carteggio) -> dict[str, dict[str, Any]]:
    async with carteggio.reading() as asked:
        lines = message_lines(*asked, EVERYTHING, MessageFilter())
        return {line["message_id"]: line async for line in lines}


def comparable(lines: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Name conversations by their messages: ids are keyed, and each instance has its own key."""
    groups: dict[str, list[str]] = {}
    for id, line in lines.items():
        groups.setdefault(line["conversation"], []).append(id)
    return {
        id: line | {"id": "", "conversation": sorted(groups[line["conversation"]])}
        for id, line in lines.items()
    }


def score(data: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", data / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def take_in(carteggio: Carteggio, data: Path, wanted: list[Wanted]) -> None:
    import_directory(carteggio, data / "company")
    for one in wanted:
        import_mail(carteggio, one, lambda _: None)


async def test_the_company_is_understood(carteggio: Carteggio, data: Path):
    take_in(carteggio, data, boxes(data))
    lines = await exported(carteggio)
    scoring = score(data)
    rows = (data / "company" / "truth.jsonl").read_text().splitlines()
    truth = {row["message_id"]: row for row in map(json.loads, rows)}
    times = json.loads((data / "company" / "company.json").read_text())["check_times"]
    asked = truth, lines, list(truth)
    found = {
        "parties": scoring.links(truth, lines, "parties", list(truth), False),
        "documents": scoring.links(truth, lines, "documents", list(truth), False),
        "conversation": scoring.conv(*asked, False),
        "automatic": scoring.auto(*asked, False),
        "unanswered": scoring.unanswered(*asked, times, False, False),
    }
    assert set(lines) == set(truth)
    assert {name: found[name]["f1"] >= least for name, least in WANTED.items()} == dict.fromkeys(
        WANTED, True
    )


async def test_the_order_of_mailboxes_does_not_matter(new_database, data: Path, tmp_path):
    results = []
    for seed in range(3):
        wanted = boxes(data)
        random.Random(seed).shuffle(wanted)  # noqa: S311
        with opened_on(new_database(), tmp_path / str(seed)) as carteggio:
            take_in(carteggio, data, wanted)
            results.append(comparable(await exported(carteggio)))
    assert results[0] == results[1] == results[2]


async def test_mailboxes_taken_in_at_once_give_the_same(new_database, data: Path, tmp_path):
    with opened_on(new_database(), tmp_path / "one") as carteggio:
        take_in(carteggio, data, boxes(data))
        one_by_one = comparable(await exported(carteggio))
    with opened_on(new_database(), tmp_path / "two") as carteggio:
        import_directory(carteggio, data / "company")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: import_mail(carteggio, one, lambda _: None), boxes(data)))
        at_once = comparable(await exported(carteggio))
    assert at_once == one_by_one
