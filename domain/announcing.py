"""A correspondent tells his new address: `from now on write to anna@new.example`."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

from domain.classes import dataclass
from domain.content import Content
from domain.remembering import words_in
from domain.values import Address, MessageId

_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.)+[A-Za-z][\w-]{1,62}")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_OWN: Final = re.compile(
    r"\b(?:new|changed) (?:e-?mail|mail|address)|\baddress has changed|\bfrom now on\b"
    r"|\bneue[nr]? (?:e-?mail|mail|adresse)|\bab sofort\b|\b(?:nuov[oa]|cambio|mio) (?:e-?mail|mail|indirizzo)"
    r"|\bindirizzo nuovo|\bd['’]ora in (?:poi|avanti)|\b(?:nouvelle|mon) (?:e-?mail|mail|adresse)"
    r"|\bnouvel e-?mail|\bdésormais\b|\bnuev[oa] (?:correo|e-?mail|dirección)|\bde ahora en adelante\b"
    r"|\bnow[ya] (?:adres|e-?mail|mail)|\bod teraz\b|\bnovo (?:endereço|e-?mail)"
    r"|\bmy (?:private |other |own )?(?:e-?mail|mail|address)"
    r"|\bmeine[nr]? (?:e-?mail|mail|adresse)|\bmój (?:adres|e-?mail|mail)",
    re.IGNORECASE,
)
"""Words by which somebody says that an address is his own, or a new one."""
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_BEFORE, _AFTER = 160, 60
"""So many characters around an address are searched for such words."""
_OFFICES: Final = (
    "abuse accounting accounts acquisti admin administracja administration amministrazione"
    " anfrage assistance assistenza backoffice bestellung bestellungen biuro billing booking"
    " buchhaltung buero bureau büro clienti client commande commandes commerciale commercial"
    " compras comptabilite comptabilité contabilita contabilità contabilidad contact contacto"
    " contacts contatti contatto customer customerservice delivery direzione dispatch dispo"
    " dogana einkauf export fakturowanie faktury factures facturation fatture finance fatturazione"
    " firma hello helpdesk hilfe home import info information informazioni ingresso invoice"
    " invoices it kontakt kundenservice ksiegowosc księgowość kundendienst lager logistica"
    " logistics logistik logistique logistyka magazzino magazyn mail mailbox marketing"
    " montage noreply office ordine ordini order orders ordre partner pec pedidos personal post"
    " posta postmaster preventivi produktion produzione protocollo purchase purchasing qualita"
    " qualità quality rechnung rechnungen reception reklamation reklamacje sales secretariat"
    " segreteria sekretariat serwis service servizio shipping shop soporte spedition spedizioni"
    " sprzedaz sprzedaż supporto support technik team tecnico transport trasporti ufficio vendite"
    " vente ventes ventas verkauf versand vertrieb verwaltung warehouse webmaster zakupy"
    " zamowienia zamówienia zentrale"
)
_FUNCTIONS: Final = frozenset(_OFFICES.split())
"""Local parts, or words in them, that name an office: as many firms have it as there are."""
_MOST = 3


@dataclass(frozen=True, slots=True)
class Told:
    """An address that a writer told of, and whether it is his own for sure."""

    address: Address
    sure: bool


@dataclass(frozen=True, slots=True)
class Announcement:
    """By whom (his address key) and in which message an address was told of."""

    teller: str
    message: MessageId
    sure: bool


def announced(content: Content) -> tuple[Told, ...]:
    """Give addresses in a mail's new text that may be the writer's own, by their local part.

    It bears his whole name, or it is his present one. That one is his for sure if it shares a word
    with his name, or if he says that it is his or new; never if it names an office, as `info`.
    Somebody else's address tells nothing of him. `content.text` holds the new text only.
    """
    if len(content.authors) != 1 or "@" not in content.text:
        return ()
    writer = content.authors[0]
    known = {one.key for one in (writer, *content.to, *content.cc, *content.reply_to)}
    found: dict[str, Told] = {}
    for match in _ADDRESS.finditer(content.text):
        address = Address(match[0].rstrip("."))
        if address.key in known:
            continue
        sure = _sure(writer, address, content, match)
        if sure is not None and (address.key not in found or sure):
            found[address.key] = Told(address, sure)
    return tuple(found.values())[:_MOST]


def _sure(
    writer: Address, address: Address, content: Content, match: re.Match[str]
) -> bool | None:
    """Tell whether an address is the writer's for sure; None where nothing says that it is his."""
    local = address.key.rpartition("@")[0]
    names = [_spellings(word) for word in _WORD.findall(writer.name)]
    borne = [any(one in local for one in name) for name in names]
    whole = len(names) > 1 and all(borne)
    if not whole and local != writer.key.rpartition("@")[0]:
        return None
    if not _FUNCTIONS.isdisjoint(re.split(r"[\W\d_]+", local)):
        return False
    return any(borne) or _said(content, match)


def _spellings(name: str) -> set[str]:
    """Give a name as it may stand in an address: böhm, bohm, boehm."""
    word = name.casefold()
    return {word, word.translate(_UMLAUTS), *words_in(word.replace("ł", "l"))}


def _said(content: Content, match: re.Match[str]) -> bool:
    near = content.text[max(match.start() - _BEFORE, 0) : match.end() + _AFTER]
    return any(_OWN.search(one) for one in (content.subject, near))


def surely(told: Sequence[Announcement]) -> tuple[Announcement, ...]:
    """Give those that say for sure whose an address is."""
    return tuple(one for one in told if one.sure)


def tellers(told: Sequence[Sequence[Announcement]]) -> frozenset[str]:
    """Give the address keys of all who told."""
    return frozenset(one.teller for one in chain.from_iterable(told))
