"""Courtesies: answers that only thank, confirm or wish well ("Grazie mille!"), and ask nothing.

Every word of such a message is one of courtesy, in Italian, English, German, French or Polish. What
one thanks for is the one open place, and a name the other. So whatever is not known to be courteous
waits: a word too few here costs a look, a word too many a customer.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

_LONGEST: Final = 240
_OPEN: Final = 9
"""So many words may say what is thanked for."""
_NAMES: Final = 3


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_THANKS: Final = _words(
    """
    grazie ringrazio ringraziamo ringraziamenti thanks thank thx appreciate appreciated danke
    danken dank dankeschön merci remercie remercions remerciements dziękuję dziękuje dziękujemy
    dzięki
    """
)
_SAID: Final = _words(
    # that it came, is right, is agreed, is done
    """
    ricevuto ricevuta ricevuti ricevute perfetto ottimo benissimo bene ok okay okey accordo
    chiaro capito inteso confermo confermiamo confermato confermata confermati registrato
    registrata eseguito eseguita effettuato effettuata pagato pagata saldato saldata
    received perfect great brilliant excellent fine noted understood confirm confirmed
    confirming agreed clear super top 👍 🙏 paid booked registered erhalten
    bekommen angekommen eingegangen perfekt prima klar passt ordnung einverstanden notiert
    bestätige bestätigen bestätigt eingebucht gebucht erfasst erledigt verstanden bezahlt
    überwiesen erfolgte erfolgt toll wunderbar bestens reçu reçue reçus parfait noté
    notée accord bon confirme confirmons confirmé confirmée confirmés enregistré enregistrée
    effectué effectuée payé payée réglé réglée entendu compris impeccable otrzymałem otrzymałam
    otrzymaliśmy otrzymano potwierdzam potwierdzamy potwierdzone potwierdzono zgoda jasne
    rozumiem przyjęte przyjęto przyjęliśmy świetnie doskonale wykonano wykonany opłacono
    zapłacono zarejestrowano dobrze
    """
)
_AROUND: Final = _words(
    # articles, prepositions, pronouns, auxiliaries
    """
    il lo la i gli le l un una del della dei delle dell di da dal dalla a al alla ai in nel con
    per e è ho abbiamo ha stato stata stati sono siamo va vi ti la le mi ci anche pure tutto
    tutti così già oggi ieri stamattina molto mille molte tante infinite ancora vostro vostra
    vostri suo sua nostro the a an of to for on by at from with and is are was has have had been
    we i it this that s your our you very so much many lot all well today yesterday already now
    sounds looks good got both as der die das den dem des ein eine von vom zu zum zur am im in
    mit für und ist sind war wurde wurden hat haben habe wir ich es sie ihnen ihre ihrer ihrem
    ihren unsere unser uns alles gut sehr schön schönen herzlichen besten vielen tausend heute
    gestern bereits hiermit auch so le la les l un une du de des d au aux à en et est sont a été
    avons ai j c nous je vous votre vos notre nos pour par ce cela tout tous bien beaucoup
    infiniment encore aussi aujourd hui hier déjà z ze za na do w we i jest są był została
    zostało zostały nasz nasze państwa pana pani panu bardzo serdecznie ślicznie wszystko dziś
    wczoraj już też to jak uzgodniono wie besprochen vereinbart discussed comme convenu concordato
    """
)
_THINGS: Final = _words(
    # documents, mail, numbers, and when something comes
    """
    ordine ordini preventivo offerta fattura fatture conferma ricezione lettura mail email
    e-mail messaggio documento documenti allegato allegati bolla ddt bonifico pagamento
    contabile consegna spedizione data proposta nr n° n no num numero spediremo consegneremo
    realizzazione presa visione nota posto problema nessun come accordi telefonici
    telefonata telefono colloquio order orders quote quotation offer invoice invoices receipt message document
    documents attachment attached files file number delivery shipment date payment transfer
    problem bestellung bestellungen auftrag auftragsbestätigung angebot rechnung rg eingang
    nachricht unterlagen dokumente anhang lieferschein nummer lieferung liefertermin termin
    zahlung überweisung telefonat kenntnis commande devis offre facture réception courriel
    courrier bon livraison numéro départ expédition virement paiement date pièce jointe échange
    téléphone suite compte zamówienie zamówienia oferta ofertę fakturę faktura wiadomość
    dokumenty dokument załącznik numer dostawa wysyłka termin przelew płatność realizacji
    """
)
_WISHES: Final = _words(
    """
    buona buon buone giornata serata lavoro weekend settimana fine presto saluti cordiali saluto
    ciao cordialmente feste natale anno arrivederci best regards kind have nice day week evening
    bye cheers wishes happy schönes schöne schönen tag abend wochenende woche feiertage gruß
    grüße freundlichen viele liebe bonne fin journée soirée semaine cordialement bientôt salutations
    miłego dnia weekendu pozdrawiam pozdrowienia do
    """
)
_GREETINGS: Final = _words(
    """
    buongiorno buonasera salve gentile gentili caro cara spett egregio dear hello hi good
    morning afternoon guten hallo sehr geehrte geehrter liebe lieber moin bonjour bonsoir cher
    chère salut dzień dobry witam cześć szanowny szanowna szanowni panie team frau herr signora
    signor
    """
)
_FOR: Final = _words(
    """
    per di del della dell for your für pour de du d za
    """
)
_ARTICLES: Final = _words(
    """
    il lo la i gli le l the your die der das den ihre ihren votre vos les szybką
    """
)
_KNOWN: Final = _THANKS | _SAID | _AROUND | _THINGS | _WISHES | _GREETINGS
_TROUBLE: Final = re.compile(
    r"\b(?:non|not|no|never|nothing|but|however|unfortunately|kein\w*|nicht|nichts|aber|leider|jedoch"
    r"|ma|però|purtroppo|tuttavia|mai|niente|pas|mais|jamais|rien|malheureusement"
    r"|nie|ale|jednak|niestety|disd\w+|annull\w+|storn\w+|recla\w+|reklam\w+|cancel\w*|terminat\w+"
    r"|kündig\w+|résili\w+|rezygn\w+|anul\w+|refund\w*|rimbors\w+|wrong|missing|broken|damaged|late"
    r"|falsch\w*|fehl\w+|defekt\w*|kaputt\w*|beschädig\w+|verspät\w+|manc\w+|rott[oaie]|guast\w+"
    r"|difett\w+|dannegg\w+|ritard\w+|sbagli\w+|errat\w+|cass\w+|endommag\w+|manqu\w+|retard\w*"
    r"|uszkodz\w+|brak\w*|błęd\w+|opóźni\w+)\b",
    re.IGNORECASE,
)
_NO_TROUBLE: Final = re.compile(
    r"\b(?:nessun problema|no problem|kein problem|pas de problème|nie ma problemu|n°|no\.? ?(?=\S*\d)"
    r"|no (?=[A-Z]{1,4}[ -]?\d))",
    re.IGNORECASE,
)
_SHORTENED: Final = re.compile(r"\b(nr|no|n|rg|num|spett|sig|dr)\.(?=\s)", re.IGNORECASE)
_CLAUSES: Final = re.compile(
    r"[.!;…]+(?=\s|$)|[,:](?=\s|$)|\s[–-]\s|\s*\n\s*|\s(?:e|and|und|et|oraz)(?=\s)", re.IGNORECASE
)
_TOKENS: Final = re.compile(r"n°|[\w/.°-]*\w|[👍🙏]")


def courtesy(said: str) -> str:
    """Give the words by which a message is a courtesy, empty if it is none; without its history."""
    if len(said) > _LONGEST or _TROUBLE.search(_NO_TROUBLE.sub(" ", said)):
        return ""
    evidence = ""
    clauses = list(_clauses(said))
    for number, words in enumerate(clauses):
        found = _heads(words)
        if not (_is_courteous(words) or (number and _goes_on(clauses[number - 1], words))):
            if not evidence or number + 1 < len(clauses) or not _is_name(words):
                return ""
            continue
        evidence = evidence or found
    return evidence


def _clauses(said: str) -> Iterator[list[str]]:
    for clause in _CLAUSES.split(_SHORTENED.sub(r"\1", said.replace("’", "'"))):
        words = _TOKENS.findall(clause.replace("'", " "))
        if words:
            yield words


def _heads(words: Sequence[str]) -> str:
    return next((one for one in words if one.lower() in _THANKS | _SAID), "")


def _is_courteous(words: Sequence[str]) -> bool:
    """Look at each word, until one says what is thanked for."""
    thanked = unknown = 0
    for number, word in enumerate(words):
        low = word.lower()
        if thanked and low in _FOR and len(words) - number <= _OPEN:
            return True
        thanked += low in _THANKS
        if low in _KNOWN or _is_number(words, number):
            continue
        unknown += 1
        greeted = thanked or words[0].lower() in _GREETINGS
        if not greeted or not word[0].isupper() or unknown > _NAMES:
            return False
    return True


def _is_number(words: Sequence[str], at: int) -> bool:
    """Tell a number or a date, or the capitals that stand before it (OF 1120/26)."""
    if any(map(str.isdigit, words[at])):
        return True
    follows = at + 1 < len(words) and any(map(str.isdigit, words[at + 1]))
    return follows and words[at].isupper() and len(words[at]) <= 4


def _goes_on(before: Sequence[str], words: Sequence[str]) -> bool:
    """Tell a second thing that is thanked for ("… and the quick reply")."""
    thanked = any(one.lower() in _THANKS for one in before)
    return thanked and words[0].lower() in _ARTICLES and len(words) <= _NAMES + 1


def _is_name(words: Sequence[str]) -> bool:
    return len(words) <= _NAMES and all(one[0].isupper() for one in words)
