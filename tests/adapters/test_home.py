import os
import sys
from pathlib import Path

import pytest

from adapters.home import Home, HomeUnusable, NoInstance, default_folder, home_at


def test_what_is_given_goes_before_the_environment(tmp_path: Path):
    environment = {"CARTEGGIO_HOME": str(tmp_path / "named")}

    assert home_at(tmp_path / "given", environment).folder == tmp_path / "given"
    assert home_at(None, environment).folder == tmp_path / "named"
    assert home_at(None, {}).folder == default_folder({})


def test_a_home_is_an_absolute_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert home_at(Path("here")).folder == tmp_path / "here"


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are Linux's")
def test_the_default_is_the_users_data_folder_and_a_system_one_for_root(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_folder({}) == Path("/var/lib/carteggio")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_folder({"XDG_DATA_HOME": "/data"}) == Path("/data/carteggio")
    assert default_folder({"XDG_DATA_HOME": "data"}) == Path.home() / ".local/share/carteggio"


def test_a_missing_instance_is_said_with_the_remedy(tmp_path: Path):
    with pytest.raises(NoInstance, match=r"there is no Carteggio instance in .*: carteggio init"):
        Home(tmp_path).require()


def test_what_was_created_is_there_and_keeps_its_settings(tmp_path: Path):
    home = Home(tmp_path / "deep" / "instance")

    home.create()
    home.settings_file.write_text("port = 1\n")
    home.create()

    assert home.require() is home
    assert home.settings_file.read_text() == "port = 1\n"


def test_nobody_else_looks_into_it(tmp_path: Path):
    home = Home(tmp_path / "instance")
    home.create()

    modes = [path.stat().st_mode & 0o077 for path in (home.keys, home.blobs, home.settings_file)]

    assert modes == [0, 0, 0]
    assert not home.folder.stat().st_mode & 0o066


def test_a_file_is_no_home(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "instance"):
        with pytest.raises(HomeUnusable, match="not a folder"):
            Home(place).create()
