"""Which messages want an answer."""

import pytest

from domain.answering import wants_answer
from domain.content import Content
from domain.machine import Machine
from domain.message import Direction
from domain.values import Address
from domain.wording import new_text, spoken

PERSON = Machine(automatic=False)
ANNA = Address("anna@acme.example", "Anna")


def asked(text: str) -> bool:
    content = Content(reader=1, authors=(ANNA,), text=text, in_reply_to=("a@firma.example",))
    return wants_answer(content, Direction.INBOUND, PERSON).wanted


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (Content(reader=1), False),
        (Content(reader=1, authors=(ANNA,)), True),
        (Content(reader=1, subject="Offerta"), True),
        (Content(reader=1, degraded=True), True),
    ],
)
def test_a_mail_of_nothing_wants_none(content: Content, wanted: bool) -> None:
    found = wants_answer(content, Direction.INBOUND, PERSON)
    assert found.wanted is wanted
    assert found.reason == ("person_writes" if wanted else "empty")


@pytest.mark.parametrize(
    "text",
    [
        "Buongiorno,\n\npotete inviarci un'offerta per 20 pezzi?\n\nSaluti\nAnna",
        "Guten Tag,\n\nbitte um Klärung der Rechnung.\n\nMit freundlichen Grüßen\nJörg",
        "Bonjour,\n\nla livraison est arrivée abîmée.\n\nCordialement",
        "Dzień dobry,\n\nproszę o potwierdzenie terminu, dziękuję.\n\nPozdrawiam",
        "Hello,\n\nplease send the certificate again, thanks.\n",
        "Grazie mille,\n\npotete mandare anche il listino?\n\nAnna",
        "",
    ],
)
def test_questions_and_complaints_want_one(text: str) -> None:
    assert asked(text)


@pytest.mark.parametrize(
    "text",
    [
        "Grazie mille!",
        "Buongiorno,\n\ngrazie, ricevuto.\n\nCordiali saluti\nAnna",
        (
            "Guten Tag,\n\nvielen Dank für die schnelle Antwort.\n\nViele Grüße\n\n"
            "Am 3.2.2026 um 10:00 schrieb Firma <x@f.example>:\n> Wann kommt die Ware?"
        ),
        "Bonjour,\n\nmerci, bien reçu.\n",
        "Dzień dobry,\n\ndziękuję, otrzymałem.\n\nPozdrawiam",
        "Hi,\n\nthanks, received.\n\nBest regards\nSam",
        "Grazie mille!\n\nRenzo\n\nIl 06/11/2026 09:10, Firma ha scritto:\n> Le va bene il 18?",
        "Merci pour votre réactivité, c'est noté.\n\nStéphane",
        "dziękuję za szybką odpowiedź, wszystko jasne.\n\nTomasz",
        "Ottimo, grazie per il riscontro e la disponibilità.",
        "Alles klar, danke! Schönes Wochenende!",
        "Noted, thanks. Have a nice day!",
        "Merci de votre retour.",
        "Buongiorno Chiara,\n\nGrazie mille!\n\nBarbara\n\nInviato dal mio telefono",
        "alles klar, danke!\n\nHinnerk\n\nVon unterwegs gesendet",
        "Hi Matteo,\n\nBrilliant, thank you very much!\n\nGemma\n\nSent from my phone",
        "That's perfect, thanks for sorting it so quickly.\n\nOliver\n\nSent from my phone",
        "Bien reçu, merci et bonne fin de journée.\n\nHervé\n\nEnvoyé de mon téléphone",
        "dziękuję, wszystko jasne.\n\nTomasz\n\nWiadomość napisana przez Firma <x@f.example>:\n\nOk?",
        "Danke, Herr Müller",
        "Nessun problema, grazie Anna.",
        "Ihre Bestellung Nr. B-117 bestätigt, Lieferung 25.03.2026.",
        "Confermiamo ordine n° OF 1123/26, consegna il 06/04/2026.",
        "👍",
        "Dziękuję!\n\nśr., 25 lut 2026 o 10:18 Anna <anna@firma.example> napisał(a):\n> Kiedy?",
    ],
)
def test_a_courtesy_ends_a_talk(text: str) -> None:
    content = Content(reader=1, text=text, in_reply_to=("a@firma.example",))
    want = wants_answer(content, Direction.INBOUND, PERSON)
    assert (want.wanted, want.reason) == (False, "courtesy")
    assert want.evidence.casefold() in text.casefold()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (Content(reader=1, text="Grazie mille!"), True),
        (Content(reader=1, text="Nous confirmons la commande 12."), True),
        (Content(reader=1, text="Grazie mille!", subject="R: Offerta"), False),
        (Content(reader=1, text="Grazie mille!", references=("a@firma.example",)), False),
        (Content(reader=1, text="Wie besprochen: einverstanden."), False),
        (Content(reader=1, text="Merci !\n\nLe 3 mars à 10:00, Anna a écrit :\n> Voilà"), False),
    ],
)
def test_a_courtesy_ends_a_talk_only_where_there_is_one(content: Content, wanted: bool) -> None:
    assert wants_answer(content, Direction.INBOUND, PERSON).wanted is wanted


@pytest.mark.parametrize(
    "text",
    [
        "Non abbiamo ancora ricevuto la fattura di febbraio.",
        "We received the wrong goods. This is unacceptable.",
        "Wir haben die Ware nicht erhalten!",
        "Nie otrzymaliśmy jeszcze faktury.",
        "Confermo l'ordine di 20 pompe, consegna a Milano.",
        "Hiermit bestätigen wir die Kündigung des Vertrages.",
        "Grazie per l'incontro. Vorremmo ordinare 20 pompe.",
        "Thanks for the offer and send 20 pumps.",
        "Great Scott Ltd here, our pump is broken.",
        "Va bene tutto ma la pompa perde olio e siamo fermi.",
        "Ok vi faccio causa.",
        "Thanks for nothing, the line is down since Monday.",
        "Ricevuto, ma manca l'allegato.",
        "Danke, aber das Gerät funktioniert nicht.",
        "Danke, Reklamation folgt.",
        "Grazie, disdico il contratto.",
        "Grazie. Fatemi sapere quando spedite.",
        "Grazie in anticipo.",
        "No thanks, cancel the order.",
        "Thank you. I will need 5 more by Friday.",
        "Merci, mais ça ne marche pas.",
        "Perfetto, attendo conferma.",
        "Fattura 2026/117",
    ],
)
def test_what_is_not_courteous_throughout_waits(text: str) -> None:
    assert asked(text)


@pytest.mark.parametrize(
    ("direction", "machine", "method", "reason"),
    [
        (Direction.OUTBOUND, PERSON, "", "not_inbound"),
        (Direction.INTERNAL, PERSON, "", "not_inbound"),
        (Direction.INBOUND, Machine(automatic=True, kind="bounce"), "", "machine_mail"),
        (Direction.INBOUND, Machine(automatic=False, listed=True), "", "discussion_list"),
        (Direction.INBOUND, PERSON, "REPLY", "calendar_answer"),
    ],
)
def test_nothing_else_waits(
    direction: Direction, machine: Machine, method: str, reason: str
) -> None:
    content = Content(reader=1, text="Domanda?", calendar_method=method)
    want = wants_answer(content, direction, machine)
    assert (want.wanted, want.reason) == (False, reason)


@pytest.mark.parametrize(
    "history",
    [
        "> vecchio testo",
        "-----Messaggio originale-----\nDa: Anna",
        "Il giorno lun 2 feb 2026 alle ore 08:26 Firma <f@f.example> ha scritto:\n> vecchio",
        "Le 02/04/2026 à 08:33, Firma a écrit :\n> vieux",
        "W dniu 3.02.2026 o 10:11, Firma pisze:\n> stare",
        "On Mon, 2 Feb 2026 at 08:26, Firm wrote:\n> old",
        "Von: Firma <f@f.example>\nGesendet: 7. April 2026 17:14\nAn: Katrin\nBetreff: Angebot\n\nalt",
        "________________________________\nFrom: Firm\nSent: today",
    ],
)
def test_quoted_history_is_folded_away(history: str) -> None:
    assert new_text(f"Nuovo testo.\n\n{history}\n") == "Nuovo testo."


def test_where_nothing_stands_before_the_history_everything_is_new() -> None:
    assert new_text("> solo citazione\n> altra riga") == "> solo citazione\n> altra riga"


def test_a_signature_is_not_what_is_said() -> None:
    assert spoken("Va bene.\n\nCordiali saluti\nAnna") == "Va bene."
    assert spoken("Va bene.\n-- \nAnna") == "Va bene."
    assert spoken("Cordiali saluti\nAnna") == "Cordiali saluti\nAnna"


def test_words_show_what_a_machine_wrote_also_where_it_is_ours() -> None:
    machine = Machine(automatic=True, kind="auto_reply", evidence="Auto-Submitted: auto-replied")
    found = wants_answer(Content(reader=1), Direction.OUTBOUND, machine)
    assert (found.reason, found.evidence) == ("not_inbound", machine.evidence)
