"""Web forms from the command line, and where a mail server may be that is entered there."""

import socket

import pytest

from commands import Instance
from letters import letter, mbox

BOX, FORM = "info@firm.example", "web@host.example"


@pytest.fixture(scope="module")
def office(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    path = mbox(tmp_path_factory.mktemp("office") / "info.mbox", [letter("1@acme.example")])
    instance.done("import", "mail", path, "--mailbox", BOX)
    return instance


def test_a_form_is_declared_for_every_mailbox_or_for_one_and_withdrawn_so(office: Instance):
    office.done("form", "add", FORM)
    told = office.done("form", "add", FORM.upper(), "--mailbox", BOX, "--note", "the shop").out
    assert f"Mail from {FORM} is taken for that of whoever stands in Reply-To, in {BOX}" in told
    found = sorted((one["mailbox"] or "", one["note"]) for one in office.asked("form", "list"))
    assert found == [("", ""), (BOX, "the shop")]
    office.done("form", "remove", FORM)
    (left,) = office.asked("form", "list")
    assert (left["address"], left["mailbox"]) == (FORM, BOX)
    nowhere = office.run("form", "add", FORM, "--mailbox", "no@firm.example")
    assert (nowhere.code, "there is no mailbox no@firm.example" in nowhere.err) == (1, True)
    again = office.run("form", "remove", FORM)
    assert (again.code, "it is not among the web forms" in again.err) == (1, True)


def test_this_machine_is_entered_by_its_own_names_or_by_a_setting(office: Instance):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    words = "account", "add", "--mailbox", BOX, "--port", port, "--user", "anna"
    own = office.run(*words, "--host", "127.0.0.1", CARTEGGIO_ACCOUNT_PASSWORD="x")
    assert f"127.0.0.1:{port} cannot be reached: Connection refused" in own.err
    other = office.run(*words, "--host", "127.1", CARTEGGIO_ACCOUNT_PASSWORD="x")
    assert "no mail server may be there" in other.err
    assert "mail_networks_allowed" in other.err
    allowed = {"CARTEGGIO_MAIL_NETWORKS_ALLOWED": "127.0.0.0/8, ::1"}
    set_ = office.run(*words, "--host", "127.1", CARTEGGIO_ACCOUNT_PASSWORD="x", **allowed)
    assert f"127.1:{port} cannot be reached: Connection refused" in set_.err


def test_our_own_mail_stays_out_only_if_that_is_said(office: Instance):
    refused = office.run("exclude", "add", "example")
    assert (refused.code, "neither a mail address nor a domain" in refused.err) == (1, True)
    refused = office.run("exclude", "add", BOX, "--as", "recipient")
    assert refused.code == 1
    assert f"{BOX} is our own: nearly all mail would stay out" in refused.err
    assert "--own" in refused.err
    office.done("exclude", "add", BOX, "--as", "recipient", "--own")
    (entry,) = office.asked("exclude", "list")
    assert (entry["whose"], entry["as"]) == (BOX, "recipient")
    office.done("exclude", "remove", BOX, "--as", "recipient")
