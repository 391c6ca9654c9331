"""Mail has one conversation, whatever providers make of Message-IDs and References."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.work.exporting import message_lines
from api.work.importing import Wanted, import_mail
from api.work.instance import Carteggio
from projections.messages import MessageFilter
from projections.reader import EVERYTHING

BOX = "info@firm.example"
HEAD = "MIME-Version: 1.0\nDate: Mon, 02 Mar 2026 09:0{at}:00 +0100\n"
OURS = f"From: {BOX}\nTo: ada@acme.example\nSubject: Offer 7\n"
THEIRS = f"From: ada@acme.example\nTo: {BOX}\nSubject: Fine\n"
RECEIPT = """From: posta-certificata@pec.example
To: info@firm.example
Subject: ACCETTAZIONE: Offer 7
Message-ID: <receipt@pec.example>
X-Ricevuta: accettazione
X-Riferimento-Message-ID: <own@firm.example>
Content-Type: application/xml; name=daticert.xml

<postacert tipo="accettazione" errore="nessuno"><dati><identificativo>opec.1@pec.example</identificativo><msgid>&lt;own@firm.example&gt;</msgid></dati></postacert>
"""
THREAD = "AcLOVWAxnvGEuDtXRdO/mL5A7qeYhA"
CASES = {
    "Gmail gives mail another id, and keeps the sender's": (
        f"{OURS}Message-ID: <own@firm.example>\n",
        (
            f"{OURS}Cc: sales@firm.example\nMessage-ID: <g@mail.gmail.com>\n"
            "X-Google-Original-Message-ID: <own@firm.example>\n"
        ),
        f"{THEIRS}Message-ID: <re@acme.example>\nIn-Reply-To: <g@mail.gmail.com>\n",
    ),
    "A provider of certified mail tells its id in the receipt": (
        f"{OURS}Message-ID: <own@firm.example>\n",
        RECEIPT,
        f"{THEIRS}Message-ID: <re@acme.example>\nIn-Reply-To: <opec.1@pec.example>\n",
    ),
    "Exchange leaves its index where References are gone": (
        f"{OURS}Message-ID: <own@firm.example>\nThread-Index: {THREAD}==\n",
        (
            f"From: bob@acme.example\nTo: {BOX}\nSubject: Offer 7\nMessage-ID: <re@acme.example>\n"
            f"Thread-Index:\n {THREAD}CT5bXw\n"
        ),
    ),
}


def conversations(carteggio: Carteggio) -> set[str]:
    async def asked() -> set[str]:
        async with carteggio.reading() as (connection, names):
            lines = message_lines(connection, names, EVERYTHING, MessageFilter())
            return {line["conversation"] async for line in lines}

    return asyncio.run(asked())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("backwards", [False, True])
def test_it_is_one(carteggio: Carteggio, tmp_path: Path, case: str, *, backwards: bool) -> None:
    mails: Sequence[str] = CASES[case]
    for at, mail in sorted(enumerate(mails), reverse=backwards):
        file = tmp_path / f"{at}.eml"
        file.write_text(HEAD.format(at=at) + mail + ("" if "\n\n" in mail else "\ntext\n"))
        import_mail(carteggio, Wanted(file, BOX), lambda _: None)
        carteggio.feed.catch_up()
    assert len(conversations(carteggio)) == 1
