"""A document is sent from the command line: shown first, then sent by the work behind, and filed."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from composed import as_others_read, bodies
from dovecot import PASSWORD
from outgoing import office_of, working
from sendable import ANNA, FILES, INFO

PDF = b"%PDF-1.7 \x00\xff\r\n.\r\n" * 300


@pytest.fixture
def office(fresh_instance, submission_server, tmp_path: Path):
    """Make an office whose mailbox info sends, and a file to be sent."""
    erp = tmp_path / "erp"
    erp.mkdir()
    for name, text in FILES.items():
        (erp / name).write_text(text)
    (tmp_path / "ordine.pdf").write_bytes(PDF)
    fresh_instance.done("import", "directory", erp)
    server = submission_server
    where = ("--host", "localhost", "--port", server.submission, "--security", "starttls")
    how = ("--ca-file", server.dovecot.authority, "--user", "user1", "--login", "password")
    fresh_instance.done(
        "account", "sending", INFO, *where, *how, CARTEGGIO_ACCOUNT_PASSWORD=PASSWORD
    )
    server.sink.mails.clear()
    return fresh_instance


def test_a_document_is_shown_then_sent_once_and_filed(office, submission_server, tmp_path: Path):
    file, words = tmp_path / "ordine.pdf", ("--text", "In allegato l'ordine.")
    about = ("send", "--document", "2026/118", "--kind", "sales_order", "--subject", "Ordine")
    (shown,) = office.asked(*about, *words, "--attach", file, "--dry-run")
    assert (shown["from"], shown["to"]) == (INFO, ["ada@verdi.example"])
    assert shown["files"] == [{"name": shown["files"][0]["name"], "size": len(PDF)}]
    assert [one for one in shown["remarks"] if one["blocks"]] == []
    assert "Nothing was stored." in office.done(*about, *words, "--attach", file, "--dry-run").out
    assert "outgoing.queued" not in office.done("events").out
    refused = office.run(*about, *words)
    assert refused.code == 1
    assert "no file is attached" in refused.err
    (sent,) = office.asked(*about, *words, "--attach", file, "--once", "o1")
    (again,) = office.asked(*about, *words, "--attach", file, "--once", "o1")
    assert sent["mail"] == again["mail"]
    with working(office), office_of(office) as seen:
        seen.until(lambda: seen.rows() == [])
    (raw,) = submission_server.sink.mails
    mail = as_others_read(raw)
    assert mail["To"] == "Ada Verdi <ada@verdi.example>"
    body = re.sub(r"(?<=\[Ref: )[a-z]+(?=])", "drawn when it is sent", bodies(mail)[0])
    assert body.split() == shown["text"].split()
    digests = [sha256(one.get_content()).hexdigest() for one in mail.iter_attachments()]
    assert digests == [sha256(PDF).hexdigest()]
    assert "Ordine" in office.done("history", "2026/118").out
    assert "Ordine" in office.done("history", "C1").out


def test_what_is_typed_wrong_is_told_in_a_sentence(office, tmp_path: Path):
    assert "no document" in office.run("send", "--document", "none").err
    assert "0 documents of the kind invoice" in office.run(
        "send", "--document", "2026/118", "--kind", "invoice").err  # fmt: skip
    other = ("send", "--document", "2026/118", "--to", "bob@rossi.example", "--text", "Ecco")
    file = ("--attach", tmp_path / "ordine.pdf")
    refused = office.run(*other, *file)
    assert "OTHER_PARTY:bob@rossi.example" in refused.err
    meant = ("--acknowledge", "OTHER_PARTY:bob@rossi.example")
    assert "Queued as out_" in office.done(*other, *file, *meant, "--at", "2026-12-24T08:00").out


def test_what_would_leave_empty_or_at_once_is_told(office, tmp_path: Path):
    one = ("send", "--document", "2026/118", "--attach", tmp_path / "ordine.pdf")
    assert "no template fits, and nothing is written" in office.run(*one).err
    people = ("--to", "ada@verdi.example", "--to", "Ada@Verdi.example")
    (shown,) = office.asked(*one, *people, "--text", "Ecco.", "--at", "2020-04-30", "--dry-run")
    assert shown["to"] == ["ada@verdi.example"]
    assert ("not_before", "IN_THE_PAST", False) in {
        (x["field"], x["code"], x["blocks"]) for x in shown["remarks"]
    }
    (tmp_path / "bad.html").write_bytes(b"<p>\xe8</p>")
    refused = office.run(*one, "--html-file", tmp_path / "bad.html")
    assert "bad.html is no text in UTF-8" in refused.err
    assert "Traceback" not in refused.err


def test_who_waits_is_told_what_the_server_said(office):
    mail = ("send", "--party", "C1", "--to", "ada@verdi.example", "--subject", "Ciao")
    alone = office.run(*mail, "--text", "Ecco.", "--wait", "1")
    assert (alone.code, "Nothing is said of it yet" in alone.out) == (1, True)
    with working(office):
        said = office.done(*mail, "--text", "Allora?", "--wait", "60")
        (told,) = office.asked(*mail, "--text", "E?", "--wait", "60")
    assert "ada@verdi.example: accepted" in said.out
    assert (told["state"], told["recipients"]) == ("accepted", {"ada@verdi.example": "accepted"})


def test_a_colleagues_own_template_never_stands_in_the_way_of_the_companys(office, tmp_path: Path):
    def save(owner: str, text: str) -> None:
        file = tmp_path / "template.toml"
        file.write_text(f'name = "Ordine"\nowner = "{owner}"\nsubject = "x"\nclosing = "{text}"\n')
        office.done("template", "save", file)

    asked = ("send", "--document", "2026/118", "--attach", tmp_path / "ordine.pdf", "--dry-run")
    save(ANNA, "di Anna")
    assert "a colleague's own" in office.run(*asked, "--template", "Ordine").err
    (own,) = office.asked("template", "list")
    save("", "della ditta")
    assert "della ditta" in office.done("template", "show", "ordine").out
    (shown,) = office.asked(*asked, "--template", "Ordine")
    assert "della ditta" in shown["text"]
    (shown,) = office.asked(*asked, "--template", own["id"])
    assert "di Anna" in shown["text"]
    office.done("template", "retire", "Ordine")
    assert "a colleague's own" in office.run(*asked, "--template", "Ordine").err
