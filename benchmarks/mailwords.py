"""Words for made-up mail in five languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """How people write in a language."""

    code: str
    form: str
    reply: str
    greeting: str
    subjects: tuple[str, ...]
    sentences: tuple[str, ...]


ITALIAN = Language(
    "it",
    "S.r.l.",
    "R:",
    "Buongiorno,",
    ("Richiesta di offerta", "Conferma d'ordine", "Sollecito di pagamento", "Novità sul catalogo"),
    (
        "vi preghiamo di confermarci la data di consegna prevista.",
        "In allegato trovate i disegni aggiornati con le quote corrette.",
        "Potete inviarci la fattura in formato elettronico?",
        "Il materiale è arrivato in buone condizioni, grazie.",
        "Ci risulta ancora scoperto l'importo della fattura del mese scorso.",
        "Restiamo in attesa di un vostro cortese riscontro.",
        "La quantità indicata nel documento di trasporto non è corretta.",
    ),
)
GERMAN = Language(
    "de",
    "GmbH",
    "AW:",
    "Sehr geehrte Damen und Herren,",
    ("Anfrage", "Auftragsbestätigung", "Zahlungserinnerung", "Änderung der Lieferadresse"),
    (
        "bitte bestätigen Sie uns den Liefertermin für die genannte Position.",
        "Anbei erhalten Sie die überarbeiteten Zeichnungen.",
        "Könnten Sie uns bitte ein Angebot über 250 Stück zusenden?",
        "Die Ware ist vollständig und ohne Schäden eingetroffen.",
        "Für Rückfragen stehen wir Ihnen jederzeit gern zur Verfügung.",
        "Der Rechnungsbetrag weicht von der Bestellung ab.",
        "Wir bitten um Mitteilung der Zolltarifnummer.",
    ),
)
FRENCH = Language(
    "fr",
    "SARL",
    "RE:",
    "Bonjour,",
    ("Demande de devis", "Confirmation de commande", "Relance de paiement", "Délai de livraison"),
    (
        "pourriez-vous nous confirmer le délai de livraison ?",
        "Veuillez trouver ci-joint les plans modifiés.",
        "Nous avons bien reçu la marchandise, merci.",
        "La facture ne correspond pas au bon de commande.",
        "Nous restons à votre disposition pour tout renseignement.",
        "Merci de nous faire parvenir votre meilleure offre.",
        "Le règlement sera effectué à la fin du mois.",
    ),
)
POLISH = Language(
    "pl",
    "sp. z o.o.",
    "Odp:",
    "Dzień dobry,",
    ("Zapytanie ofertowe", "Potwierdzenie zamówienia", "Przypomnienie o płatności", "Reklamacja"),
    (
        "proszę o potwierdzenie terminu dostawy.",
        "W załączeniu przesyłam poprawione rysunki.",
        "Czy mogą Państwo przesłać ofertę na 250 sztuk?",
        "Towar dotarł w dobrym stanie, dziękujemy.",
        "Kwota na fakturze różni się od zamówienia.",
        "W razie pytań jestem do dyspozycji.",
        "Płatność zostanie zrealizowana do końca miesiąca.",
    ),
)
ENGLISH = Language(
    "en",
    "Ltd",
    "Re:",
    "Hello,",
    ("Request for quotation", "Order confirmation", "Payment reminder", "Change of address"),
    (
        "could you please confirm the delivery date for this item?",
        "Please find attached the updated drawings.",
        "We have received the goods in good condition, thank you.",
        "The amount on the invoice does not match our order.",
        "From what we see here the second pallet is still missing.",
        "We would need 250 pieces by the end of the month.",
        "Do not hesitate to call if anything is unclear.",
    ),
)
LANGUAGES = (ITALIAN, GERMAN, FRENCH, POLISH, ENGLISH)

PEOPLE = (
    ("Giulia", "Bianchi"), ("Marco", "Ferri"), ("Chiara", "Conti"), ("Luca", "Galli"),
    ("Anna", "Schmitt"), ("Jürgen", "Weiss"), ("Petra", "Vogel"), ("Uwe", "Brandt"),
    ("Claire", "Moreau"), ("René", "Dubois"), ("Hélène", "Girard"), ("Paul", "Lefort"),
    ("Małgorzata", "Nowak"), ("Piotr", "Lis"), ("Ewa", "Sikora"), ("Jan", "Zając"),
    ("Emma", "Carter"), ("Oliver", "Webb"), ("Grace", "Holt"), ("Harry", "Stone"),
)  # fmt: skip

FILES = (
    ("Rechnung", "pdf", "application/pdf"),
    ("offerta", "pdf", "application/pdf"),
    ("drawing", "dxf", "application/octet-stream"),
    ("price list", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("photo", "jpg", "image/jpeg"),
)
