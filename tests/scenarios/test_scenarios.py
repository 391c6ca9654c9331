"""Answered means answered: every scenario as its expectations say, from outside."""

import sys
from collections.abc import Iterator

import pytest

from adapters.mime.worker import ReadingWorker
from sceneoffice import scene_office
from sceneplay import Play
from scenes import scenes
from servers import fresh_database
from submitting import Submitting

ALL = scenes()


@pytest.fixture(scope="module")
def played(
    postgres: str,
    submission_server: Submitting,
    worker: ReadingWorker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Play]:
    folder = tmp_path_factory.mktemp("scenes")
    with (
        fresh_database(postgres) as database,
        scene_office(ALL, database, folder, submission_server, worker) as office,
    ):
        play = Play(office)
        play.play(ALL)
        sys.stdout.write(f"\n{play.table()}\n")
        yield play


@pytest.mark.parametrize("title", [scene.title for scene in ALL])
def test_it_is_as_expected(played: Play, title: str) -> None:
    assert played.wrong[title] == []


def test_every_scenario_has_a_title_of_its_own() -> None:
    assert len({scene.title for scene in ALL}) == len(ALL) == 64
