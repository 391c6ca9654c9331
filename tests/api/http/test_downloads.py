"""Mail leaves as it came, to whoever may see it, in a form that no browser runs."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from api.paths import attachment_path, raw_path
from domain.access import Scope
from domain.identity import mailbox_id
from domain.message import MessageCopyFound, MessageReceived
from letters import letter
from serving import Api

INFO, SALES = "info@firm.example", "sales@firm.example"
PDF = b"%PDF-1.7 \x00\xff\r\n and so on"
MIXED = (
    b"From: Anna <anna@client.example>\r\nTo: info@firm.example\r\nSubject: Order\r\n"
    b"Date: Mon, 02 Feb 2026 10:00:00 +0100\r\nMessage-ID: <order@client.example>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\nWith an order.\r\n"
    b"--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Disposition: attachment; filename*=UTF-8''..%2F%C3%BCber%22%0Ax.html\r\n\r\n"
    + base64.encodebytes(PDF)
    + b"\r\n--x--\r\n"
)


def received(api: Api, path: Path, octets: bytes, mailbox: str = INFO, **more: Any) -> Any:
    """Import a mail; give the id of its message."""
    path.write_bytes(octets)
    before = api.carteggio.journal.head()
    api.imported(path, mailbox, **more)
    new = api.carteggio.journal.read(before, limit=100)
    return next(
        one.stream for one in new if isinstance(one.event, MessageReceived | MessageCopyFound)
    )


@pytest.mark.parametrize(
    "octets", [MIXED, letter("1@x.example"), letter(None), b"no mail\x00\xff\n"]
)
def test_a_message_leaves_byte_for_byte(api: Api, tmp_path: Path, octets: bytes):
    message = received(api, tmp_path / "one.eml", octets)
    ids = (f"msg_{message.hex}", message.hex, str(message))
    for answer in (api.get(f"/messages/{id}/raw") for id in ids):
        assert answer.status_code == 200
        assert answer.content == octets
    answer = api.get(raw_path(message))
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{message.hex}.eml"'


def test_a_download_is_only_a_download(api: Api, tmp_path: Path):
    message = received(api, tmp_path / "one.eml", MIXED)
    for path in (raw_path(message), attachment_path(message, 0)):
        answer = api.get(path)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        head = api.client.head(path, headers=api.bears())
        assert head.headers["Content-Length"] == str(len(answer.content))
        assert not head.content


def test_an_attachment_leaves_decoded_under_a_safe_name(api: Api, tmp_path: Path):
    message = received(api, tmp_path / "one.eml", MIXED)
    answer = api.get(attachment_path(message, 0))
    assert answer.content == PDF
    said = answer.headers["Content-Disposition"]
    assert said.isascii()
    assert "filename*=UTF-8''" in said
    assert not any(one in said for one in ("..", "/", "\n", "%0A", "%2F"))


def test_a_large_message_leaves_whole(api: Api, tmp_path: Path):
    octets = letter("large@x.example", body=b"0123456789abcde\n" * 500_000)
    message = received(api, tmp_path / "one.eml", octets)
    assert api.get(raw_path(message)).content == octets


def test_what_is_not_there_and_what_may_not_be_seen_are_the_same(api: Api, tmp_path: Path):
    message = received(api, tmp_path / "one.eml", MIXED, INFO)
    received(api, tmp_path / "two.eml", letter("2@x.example"), SALES)
    sales = api.issue(mailboxes=[mailbox_id(api.carteggio.identity_key, SALES)])
    paths = [
        raw_path(message),
        attachment_path(message, 0),
        "/messages/msg_" + "0" * 32 + "/raw",
        "/attachments/att_" + "0" * 32 + "-0",
        "/attachments/att_" + "0" * 32 + "-" + "9" * 40,
        "/messages/x/raw",
        "/attachments/x",
    ]
    said = {(answer.status_code, answer.text) for answer in (api.get(one, sales) for one in paths)}
    assert [status for status, _ in said] == [404]
    assert api.get(attachment_path(message, 1)).status_code == 404


def test_each_reader_is_given_the_copy_of_a_mailbox_that_he_sees(api: Api, tmp_path: Path):
    copies = {
        box: letter("1@x.example", to="all@firm.example", more=f"Delivered-To: {box}\n".encode())
        for box in (INFO, SALES)
    }
    (message,) = {
        received(api, tmp_path / f"{at}.eml", octets, box)
        for at, (box, octets) in enumerate(copies.items())
    }
    digests = {box: hashlib.sha256(octets).hexdigest() for box, octets in copies.items()}
    for box, other in ((INFO, SALES), (SALES, INFO)):
        token = api.issue(mailboxes=[mailbox_id(api.carteggio.identity_key, box)])
        assert api.get(raw_path(message), token).content == copies[box]
        theirs = f"{raw_path(message)}?copy={digests[other]}"
        assert api.get(theirs, token).status_code == 404
        assert api.get(theirs).content == copies[other]


def test_an_erased_message_is_gone(api: Api, tmp_path: Path):
    message = received(api, tmp_path / "one.eml", MIXED)
    api.carteggio.keyring.destroy([message])
    assert api.get(raw_path(message)).status_code == 410


def test_a_lost_blob_is_said_without_saying_which(api: Api, tmp_path: Path):
    message = received(api, tmp_path / "one.eml", MIXED)
    for file in (api.carteggio.home.blobs).rglob("*"):
        if file.is_file():
            file.unlink()
    answer = api.get(raw_path(message))
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["extensions"]["code"] == "LOST"


def test_the_scope_for_mail_is_needed(api: Api, tmp_path: Path):
    message = received(api, tmp_path / "one.eml", MIXED)
    token = api.issue([Scope.READ_AUDIT, Scope.CLOSE_MAIL])
    assert api.get(raw_path(message), token).status_code == 403
    assert api.get(attachment_path(message, 0), token).status_code == 403
    assert api.client.get(raw_path(message)).status_code == 401
