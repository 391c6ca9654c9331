from pathlib import Path
from zoneinfo import available_timezones

import pytest

from adapters.home import Home
from adapters.settings import (
    BadSettings,
    Settings,
    explained,
    is_zone,
    load_settings,
    refuse_unsafe_environment,
)

SECRET_URL = "postgresql://giulia:geheim@db.example/mail"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CARTEGGIO_{name.upper()}", raising=False)
    home = Home(tmp_path / "instance")
    home.create()
    return home


@pytest.mark.parametrize(("name", "sentence"), explained())
def test_every_setting_explains_itself_in_a_sentence(name: str, sentence: str):
    assert sentence.endswith("."), name
    assert len(sentence.split()) > 4, name


def test_an_instance_needs_no_settings(home: Home):
    settings = load_settings(home)

    assert settings.company == "main"
    assert settings.dsn_of("main") is None


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    home.settings_file.write_text('host = "192.0.2.1"\nport = 1\npoll_seconds = 7\n')
    monkeypatch.setenv("CARTEGGIO_PORT", "2")
    monkeypatch.setenv("CARTEGGIO_HOST", "192.0.2.2")

    settings = load_settings(home, port=3)

    assert (settings.poll_seconds, settings.host, settings.port) == (7, "192.0.2.2", 3)


def test_networks_are_a_list_or_parted_by_commas(home: Home, monkeypatch: pytest.MonkeyPatch):
    home.settings_file.write_text('mail_networks_refused = ["10.0.0.0/8", "fd00::/8"]\n')
    monkeypatch.setenv("CARTEGGIO_MAIL_NETWORKS_ALLOWED", "127.0.0.0/8, ::1")
    settings = load_settings(home)
    assert list(map(str, settings.mail_networks_refused)) == ["10.0.0.0/8", "fd00::/8"]
    assert list(map(str, settings.mail_networks_allowed)) == ["127.0.0.0/8", "::1/128"]
    monkeypatch.setenv("CARTEGGIO_MAIL_NETWORKS_ALLOWED", '["127.0.0.0/8", "::1"]')
    assert load_settings(home).mail_networks_allowed == settings.mail_networks_allowed


@pytest.mark.parametrize("wrong", ["everywhere", '["127.0.0.0/8"', "[1.5]", "127.0.0.1/8", "[{}]"])
def test_wrong_networks_are_told_in_one_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch, wrong: str
):
    monkeypatch.setenv("CARTEGGIO_MAIL_NETWORKS_REFUSED", wrong)
    with pytest.raises(BadSettings) as trouble:
        load_settings(home)
    assert str(trouble.value) == (
        "these settings cannot be used: mail_networks_refused: is no list of networks; "
        "one looks like 127.0.0.0/8, 10.0.0.0/8"
    )


def test_a_time_zone_is_known_by_its_own_file_alone():
    assert {name for name in available_timezones() if not is_zone(name)} == set()
    for name in ("", "Europe", "Europe/Nowhere", "../passwd", "/etc/passwd", "posix/Europe/Rome"):
        assert not is_zone(name), name


def test_a_company_can_have_a_server_of_its_own(home: Home):
    home.settings_file.write_text(
        'database_url = "postgresql://a.example/mail"\n'
        'direct_database_url = "postgresql://b.example/mail"\n'
        '[databases]\nacme = "postgresql://acme.example/mail"\n'
    )

    settings = load_settings(home)

    assert settings.dsn_of("acme") == "postgresql://acme.example/mail"
    assert settings.direct_dsn_of("acme") is None
    assert settings.dsn_of("main") == "postgresql://a.example/mail"
    assert settings.direct_dsn_of("main") == "postgresql://b.example/mail"


def test_a_secret_shows_nowhere(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CARTEGGIO_DATABASE_URL", SECRET_URL)

    settings = load_settings(home)

    assert "geheim" not in f"{settings} {settings!r} {settings.model_dump()} "
    assert settings.dsn_of("main") == SECRET_URL


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("prot = 1", "prot"),
        ("port = 70000", "port"),
        ('time_zone = "Europe/Atlantis"', "time_zone"),
        ('database_url = "mysql://giulia:geheim@db.example/mail"', "database_url"),
        ('company = "Acme GmbH"', "company"),
        ("port =", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named_but_its_value_is_not_shown(home: Home, line: str, named: str):
    home.settings_file.write_text(line + "\n")

    with pytest.raises(BadSettings, match=named) as trouble:
        load_settings(home)

    assert "geheim" not in str(trouble.value)


@pytest.mark.parametrize("word", ["1", "y", "Yes", "t", "TRUE", " on "])
def test_it_does_not_start_with_the_event_stores_database_functions(word: str):
    with pytest.raises(BadSettings, match="readers can miss events"):
        refuse_unsafe_environment({"POSTGRES_ENABLE_DB_FUNCTIONS": word})


@pytest.mark.parametrize("word", ["", "0", "no", "false", "off"])
def test_it_starts_where_they_are_switched_off(word: str):
    refuse_unsafe_environment({"POSTGRES_ENABLE_DB_FUNCTIONS": word})


def test_that_switch_is_looked_at_whenever_settings_are_read(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "true")
    with pytest.raises(BadSettings):
        load_settings(home)
