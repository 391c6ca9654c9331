"""What a letter says: its text out of the language's store, greeting, signature, attachments."""

from dataclasses import dataclass

from api.demo.chance import number, pick, token
from api.demo.clients import shown_date
from api.demo.company import DOMAIN, FIRM, Company, Paper, Person
from api.demo.letters import File, Step, Story, forms, texts
from api.demo.papers import pdf, png
from api.demo.workdays import Calendar

SLOTS = {
    "offer": "offer",
    "sales_order": "order",
    "delivery_note": "note",
    "invoice": "invoice",
    "purchase_order": "purchase",
}
ENCLOSED = {
    "offer": "offer",
    "confirm": "sales_order",
    "dispatch": "delivery_note",
    "invoice": "invoice",
    "reminder": "invoice",
    "purchase": "purchase_order",
    "order": "order",
    "supplier_offer": "supplier_offer",
    "supplier_invoice": "supplier_invoice",
    "certificate_reply": "certificate",
    "technical_reply": "datasheet",
    "pricelist_reply": "pricelist",
    "damage": "photo",
    "photos": "photo",
    "sketch": "sketch",
}
DIALLING = {"DE": 3, "FR": 5, "GB": 3}
"""Countries with numbers reserved for fiction, and how many digits our pattern leaves open."""
NO_PERSONS = frozenset({"Studio", "Centrale", "Fanaleria", "Ufficio", "Amministrazione"})
BRIEF = frozenset({"thanks", "handover", "handover_reply"})
CURRENCY = {"it": "{} €", "de": "{} €", "fr": "{} €", "pl": "{} {code}", "en": "{code} {}"}


@dataclass(frozen=True, slots=True)
class Wording:
    """What one letter of a story says."""

    subject: str
    body: str
    files: tuple[File, ...]


def wording(
    story: Story,
    step: Step,
    language: str,
    writer: Person,
    reader: Person,
    company: Company,
    calendar: Calendar,
) -> Wording:
    """Write the letter of a step: subject (empty for a mere reply), whole text, attachments."""
    seed = f"{story.key}/{step.back}/{step.clock}"
    papers = {company.papers[id].kind: company.papers[id] for id in story.documents}
    slots = _slots(story, step, language, papers, calendar)
    options = texts(language)[step.text]
    option = options[int(step.options.get("v", "0")) % len(options)]
    said = option["body"].strip().format(**slots, subject="{subject}")
    greeting = _greeting(seed, step, language, reader, opens=step is story.steps[0])
    parts = [part for part in (greeting, said) if part]
    subject = option.get("subject", "").format(**slots, subject="{subject}")
    signed = _signature(seed, step, language, writer)
    return Wording(
        subject, "\n\n".join([*parts, signed]), _files(story, step, language, papers, slots)
    )


def _slots(
    story: Story, step: Step, language: str, papers: dict[str, Paper], calendar: Calendar
) -> dict[str, str]:
    numbers = {SLOTS[kind]: paper.number for kind, paper in papers.items()}
    week = calendar.day(step.back - 15).isocalendar().week
    invoice = papers.get("invoice")
    due = invoice.due_on if invoice else None
    shown = papers.get(ENCLOSED.get(step.text, ""), invoice)
    return {
        "series": story.series,
        "qty": str(story.quantity),
        "project": story.project,
        "ref": story.ref,
        "few": str(2 + number(story.key, 5)),
        "week": str(week),
        "day": shown_date(language, calendar.day(step.back - 8)),
        "date": shown_date(language, calendar.day(step.back)),
        "due": shown_date(language, due) if due else "",
        "amount": _money(language, shown) if shown else "",
        **numbers,
    }


def _money(language: str, paper: Paper) -> str:
    thousands, point = forms(language)["money"]
    plain = f"{paper.amount:,.2f}".replace(",", "T").replace(".", point)
    figure = plain.replace("T", "\u00a0" if thousands == " " else thousands)
    return CURRENCY[language].format(figure, code=paper.currency)


def _greeting(seed: str, step: Step, language: str, reader: Person, *, opens: bool) -> str:
    if step.text == "thanks" and number(seed, 2):
        return ""
    form = forms(language)
    if step.way in {"f", "i"}:
        return "" if step.way == "i" else f"Ciao {reader.first},"
    options = form["openings" if opens or step.flags & {"new"} else "replies"]
    if step.flags & {"erp", "auto", "machine"} or reader.first in NO_PERSONS:
        options = [option for option in form["openings"] if not _named(option)]
    title = form["titles"][1 if reader.first in form["women"] else 0]
    greeting: str = pick(seed, options)
    return greeting.format(first=reader.first, last=reader.last, title=title, firm=reader.firm)


def _named(greeting: str) -> bool:
    return any(slot in greeting for slot in ("{first}", "{last}", "{title}"))


def _signature(seed: str, step: Step, language: str, writer: Person) -> str:
    form = forms(language)
    if "phone" in step.flags:
        return f"{writer.first}\n\n{form['phone']}"
    if step.text in BRIEF:
        return writer.first
    lines = [pick(seed, form["closings"]), "", writer.name]
    if writer.role in form["roles"] and writer.first not in NO_PERSONS:
        lines.append(form["roles"][writer.role])
    lines += [writer.firm] if writer.firm != writer.name else []
    lines += [writer.city] if writer.city else []
    if writer.firm == FIRM:
        lines += ["Via dei Lampionai 7 - 38068 Rovereto (TN)", f"www.{DOMAIN}"]
    elif form["tel"] and writer.country in DIALLING:
        lines.append(form["tel"].format(digits=_digits(writer)))
    return "\n".join(lines)


def _digits(writer: Person) -> str:
    digits = token(writer.address, 4, "0123456789")
    return f"{digits[:2]} {digits[2:]}" if writer.country == "FR" else digits[:3]


def _files(
    story: Story, step: Step, language: str, papers: dict[str, Paper], slots: dict[str, str]
) -> tuple[File, ...]:
    kind = ENCLOSED.get(step.text)
    if kind is None or (kind == "order" and not story.ref):
        return ()
    paper = papers.get(kind)
    shown = {**slots, "number": paper.number if paper else ""}
    name = forms(language)["files"][kind].format(**shown).replace("/", "-")
    if name.endswith(".png"):
        return (File(name, "image/png", png(story.key + step.text)),)
    title = name.removesuffix(".pdf")
    lines = [FIRM if paper else "", title, "", f"{story.series}  x {story.quantity}"]
    lines += [f"{paper.issued_on:%d.%m.%Y}   {paper.amount:.2f} {paper.currency}"] if paper else []
    return (File(name, "application/pdf", pdf(lines)),)
