"""Access by consent from the command line: added, let in, fetched, lost, let in again."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from commands import Ended, Instance, ended
from consenting import CLIENT, SECRET, Provider
from dovecot import MailAccount

ASKED = datetime.now(UTC) - timedelta(hours=3)


def question(box: str) -> bytes:
    return (
        f"From: ada@acme.example\r\nTo: {box}\r\nDate: {ASKED:%a, %d %b %Y %H:%M:%S} +0000\r\n"
        f"Message-ID: <of-{box}>\r\nSubject: Offer?\r\n\r\nWhen will it come?\r\n"
    ).encode()


def add(
    instance: Instance, provider: Provider, user: MailAccount, box: str, *more: object
) -> Ended:
    endpoints = [word for one in provider.endpoints() for word in ("--oauth-endpoint", one)]
    return instance.done(
        "account", "add", "--mailbox", box, "--host", user.server.host, "--port", user.server.imaps,
        "--ca-file", user.server.authority, "--user", user.user, "--oauth", "other",
        "--client-id", CLIENT, *endpoints, *more, CARTEGGIO_CLIENT_SECRET=SECRET,
    )  # fmt: skip


def state(instance: Instance, box: str) -> dict[str, object]:
    (one,) = [one for one in instance.asked("account", "list") if one["mailbox"] == box]
    return one


def hidden(provider: Provider, *told: Ended) -> bool:
    said = "".join(one.out + one.err for one in told)
    return not any(secret in said for secret in (*provider.given, SECRET))


def test_a_person_consents_on_another_device(instance, provider, believer):
    user, box = believer.add_user(), "device@firm.example"
    user.append(question(box))
    added = add(instance, provider, user, box)
    assert f"carteggio account consent {box}" in added.out
    assert state(instance, box)["state"] == "needs consent"
    tried = instance.run("sync", "--mailbox", box)
    assert (tried.code, provider.asked) == (1, [])

    provider.person = user.user
    consented = instance.done("account", "consent", box)
    assert f"Open {provider.address}/enter on any device, and enter the code" in consented.out
    assert provider.questions("device_code") == 2  # the first time the person was not ready
    assert state(instance, box)["state"] != "needs consent"
    synced = instance.done("sync", "--mailbox", box, "--json")
    assert synced.fact["stored"] == 1
    assert box in instance.done("unanswered").out
    told = instance.done("events", "--json"), instance.done("trail", box)
    assert hidden(provider, added, tried, consented, synced, *told)


def test_a_person_consents_in_a_browser(instance, provider, believer):
    import httpx  # noqa: PLC0415

    user, box = believer.add_user(), "browser@firm.example"
    add(instance, provider, user, box)
    for person, code in (("", 1), (user.user, 0)):
        provider.person = person
        process = instance.start("account", "consent", box, "--browser")
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        page = next(line for line in lines if line.startswith(provider.address)).strip()
        assert "code_challenge_method=S256" in page
        with httpx.Client(trust_env=False, follow_redirects=True) as browser:
            back = page.partition("redirect_uri=http%3A%2F%2F127.0.0.1%3A")[2].partition("&")[0]
            assert browser.get(f"http://127.0.0.1:{back}/?code=x&state=y").status_code == 404
            assert browser.get(page).status_code == 200
        done = ended(process)
        assert done.code == code, done
        assert hidden(provider, done)
    assert state(instance, box)["state"] != "needs consent"


def test_somebody_elses_consent_is_not_kept(instance, provider, believer):
    user, box = believer.add_user(), "other@firm.example"
    add(instance, provider, user, box)
    provider.person = "somebody"
    tried = instance.run("account", "consent", box)
    assert tried.code == 1
    assert "nothing was kept" in tried.err
    assert state(instance, box)["state"] == "needs consent"


def test_a_client_is_let_in_without_any_person(instance, provider, believer):
    user, box = believer.add_user(), "unattended@firm.example"
    user.append(question(box))
    provider.secret, provider.person = SECRET, user.user
    ends = datetime.now(UTC).date() + timedelta(days=5)
    added = add(instance, provider, user, box, "--unattended", "--secret-ends", ends)
    assert state(instance, box)["state"] != "needs consent"
    assert str(ends) in str(state(instance, box)["ending"])
    assert instance.done("sync", "--mailbox", box, "--json").fact["stored"] == 1
    found = [one for one in instance.asked("doctor") if one["part"] == f"account {box}"]
    assert [(one["state"], str(ends) in one["said"]) for one in found] == [("warning", True)]
    assert hidden(provider, added)


def test_consent_that_is_lost_is_seen_and_given_again(instance, provider, believer):
    user, box = believer.add_user(), "lost@firm.example"
    add(instance, provider, user, box)
    provider.person, provider.told = user.user, 0
    instance.done("account", "consent", box)
    provider.refreshing.clear()
    for _ in range(2):
        assert instance.run("sync", "--mailbox", box).code == 1
    assert provider.questions("refresh_token") == 1
    assert state(instance, box)["state"] == "needs consent"
    (found,) = [one for one in instance.asked("doctor") if one["part"] == f"account {box}"]
    assert found["do"] == f"run: carteggio account consent {box}"
    assert "consent is lost (invalid_grant)" in instance.done("trail", box).out
    instance.done("account", "consent", box)
    instance.done("sync", "--mailbox", box)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--oauth", "other", "--client-id", "x", "--host", "h"), "token=https"),
        (("--oauth", "microsoft"), "--client-id"),
        (("--oauth", "google", "--client-id", "x", "--unattended"), "--unattended"),
        (("--oauth", "microsoft", "--client-id", "x", "--tenant", "a/b"), "no tenant"),
        (("--client-id", "x", "--host", "h"), "--oauth"),
        ((), "--host"),
        (
            (
                "--oauth",
                "google",
                "--client-id",
                "x",
                "--oauth-endpoint",
                "token=http://a.example",
            ),
            "tokens may go to",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_words(instance, words, said):
    tried = instance.run("account", "add", "--mailbox", "x@firm.example", *words)
    assert tried.code != 0
    assert said in tried.err
    assert "x@firm.example" not in {one["mailbox"] for one in instance.asked("account", "list")}


@pytest.mark.slow
def test_killed_at_any_moment_consent_is_never_lost(instance, provider, believer):
    import random  # noqa: PLC0415

    user, box = believer.add_user(), "killed@firm.example"
    add(instance, provider, user, box)
    provider.person, provider.told = user.user, 0  # each look renews the token
    instance.done("account", "consent", box)
    chance, kills = random.Random(7), 0  # noqa: S311
    for _ in range(25):
        process = instance.start("sync", "--mailbox", box)
        provider.hears.clear()
        provider.hears.wait(20)  # the provider is being asked: the moments after it matter
        try:
            process.communicate(timeout=chance.uniform(0, 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
    assert kills >= 15
    instance.done("sync", "--mailbox", box)
    assert state(instance, box)["state"] != "needs consent"
    assert instance.done("trail", box).out.count("consent was given") == 1
