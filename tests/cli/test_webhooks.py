"""Webhooks at the command line: a program is told, tried, looked at, told once more."""

from collections.abc import Iterator

import pytest

from commands import Instance
from endpoint import Endpoint, listening


@pytest.fixture
def erp() -> Iterator[Endpoint]:
    with listening() as endpoint:
        yield endpoint


def kept(instance: Instance) -> dict[str, dict[str, object]]:
    return {one["name"].casefold(): one for one in instance.asked("webhook", "list")}


def test_a_program_is_added_with_a_secret_tried_and_removed(
    instance: Instance, erp: Endpoint
) -> None:
    secret = instance.done("webhook", "add", "erp", erp.address).out.strip()
    assert secret.startswith("whsec_")
    again = instance.done("webhook", "add", "ERP", erp.address)
    assert "whsec_" not in again.out
    assert "took it" in instance.done("webhook", "test", "erp").out
    assert erp.asked[0].is_signed_by(secret)
    assert erp.asked[0].said["type"] == "webhook.test"
    (tried,) = instance.asked("webhook", "log", "erp")
    assert (tried["name"], tried["status"], tried["delivery"]) == (
        "webhook.test", 204, erp.asked[0].id,
    )  # fmt: skip
    listed = kept(instance)["erp"]
    assert (listed["url"], listed["state"]) == (erp.address, "told")
    assert "secret" not in listed
    newer = instance.done("webhook", "secret", "erp").out.strip()
    assert newer != secret
    assert "after position 0" in instance.done("webhook", "replay", "erp", "--from", "1").out
    instance.done("webhook", "pause", "erp")
    assert kept(instance)["erp"]["state"] == "paused"
    instance.done("webhook", "resume", "erp")
    instance.done("webhook", "remove", "erp")
    assert "erp" not in kept(instance)
    assert instance.run("webhook", "pause", "erp").code == 1


def test_what_it_answers_to_a_trial_is_told(instance: Instance, erp: Endpoint) -> None:
    instance.done("webhook", "add", "trial", erp.address)
    erp.answers = [404]
    assert "answers 404" in instance.run("webhook", "test", "trial").err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://erp.example/hooks", "without TLS"),
        ("ftp://erp.example/", "https://"),
        ("https://erp.example/a b", "https://"),
        ("https://user:secret@erp.example/", "https://"),
        ("https:///hooks", "https://"),
        ("https://erp.example:99999/", "https://"),
        ("https://169.254.169.254/", "webhook_networks_allowed"),
        ("https://[fe80::1]/hooks", "webhook_networks_allowed"),
    ],
)
def test_what_is_no_address_to_tell_things_to_is_refused(
    instance: Instance, url: str, said: str
) -> None:
    refused = instance.run("webhook", "add", "wrong", url)
    assert refused.code == 1
    assert said in refused.err


def test_only_what_is_meant_for_others_can_be_told(instance: Instance, erp: Endpoint) -> None:
    refused = instance.run("webhook", "add", "wrong", erp.address, "--event", "message.received")
    assert refused.code == 1
    assert "document.sent" in refused.err
