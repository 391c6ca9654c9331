"""The mail of scenarios, as octets: people's, and what programs make of each kind."""

from datetime import datetime
from email.utils import format_datetime
from typing import Final

from scenes import OFFICE, Facts, Scene

_AUTOMATIC: Final = "Auto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\n"
_HEADS: Final = {
    "out_of_office": _AUTOMATIC,
    "newsletter": "List-Unsubscribe: <https://shop.example/out>\nPrecedence: bulk\n",
    "list": "List-Id: users <users.lists.example>\nList-Post: <mailto:users@lists.example>\n"
    "Precedence: list\n",
}
_REPORT: Final = (
    'MIME-Version: 1.0\nContent-Type: multipart/report; report-type={}; boundary="=b"\n'
)
_PART: Final = "--=b\nContent-Type: {}\n\n{}\n"
_RECEIPT: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><postacert tipo="{kind}" errore="nessuno">'
    "<dati><identificativo>opec.{id}</identificativo><msgid>&lt;{concerns}&gt;</msgid></dati>"
    "</postacert>"
)


def raw(scene: Scene, step: Facts, at: datetime) -> bytes:
    """Write the mail of a step."""
    head, body = _made(scene, step)
    return (_top(scene, step, at) + head + "\n" + body).replace("\n", "\r\n").encode()


def writer(scene: Scene, step: Facts) -> str:
    """Give the address that a mail is from."""
    return scene.address(step.get("from") or step.get("as") or step["box"])


def _top(scene: Scene, step: Facts, at: datetime) -> str:
    name = step.get("in") or step["sent"]
    path = "" if step.get("kind") in ("dsn", "out_of_office") else writer(scene, step)
    lines = [
        *([f"Return-Path: <{path}>"] if "in" in step else []),
        f"From: {writer(scene, step)}",
        f"To: {', '.join(map(scene.address, step['to']))}",
        *([f"Cc: {', '.join(map(scene.address, step['cc']))}"] if "cc" in step else []),
        *([f"Reply-To: {scene.address(step['reply_to'])}"] if "reply_to" in step else []),
        f"Date: {format_datetime(at.astimezone(OFFICE))}",
        f"Message-ID: <{scene.header_id(name)}>",
        *_references(scene, step),
        f"Subject: {step['subject']}",
        *(f"{field}: {value}" for field, value in step.get("headers", {}).items()),
    ]
    return "\n".join(lines) + "\n"


def _references(scene: Scene, step: Facts) -> list[str]:
    if "answers" not in step or step.get("kind") == "dsn":
        return []
    chain = [step["answers"]]
    before = {one.get("in") or one.get("sent"): one.get("answers") for one in scene.steps}
    while earlier := before.get(chain[0]):
        chain.insert(0, earlier)
    named = " ".join(f"<{scene.header_id(one)}>" for one in chain)
    return [f"In-Reply-To: <{scene.header_id(chain[-1])}>", f"References: {named}"]


def _made(scene: Scene, step: Facts) -> tuple[str, str]:
    """Give the further fields, and the body."""
    kind, text = step.get("kind", ""), step.get("text", "")
    match kind:
        case "dsn":
            return _bounce(scene, step)
        case "mdn":
            concerned = scene.header_id(step["answers"])
            said = (
                f"Final-Recipient: rfc822; {writer(scene, step)}\n"
                f"Original-Message-ID: <{concerned}>\n"
                "Disposition: manual-action/MDN-sent-manually; displayed\n"
            )
            parts = [
                ("text/plain; charset=utf-8", text),
                ("message/disposition-notification", said),
            ]
            return _report("disposition-notification", parts)
        case "pec_receipt":
            return _receipt(scene, step)
        case _:
            typed = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
            return _HEADS.get(kind, "") + typed, text + "\n"


def _bounce(scene: Scene, step: Facts) -> tuple[str, str]:
    action = "failed" if "failed" in step else "delayed"
    said = (
        "Reporting-MTA: dns; mx.acme.example\n\n"
        f"Final-Recipient: rfc822; {scene.address(step[action])}\n"
        f"Action: {action}\nStatus: {step['status']}\n"
    )
    returned = f"Message-ID: <{scene.header_id(step['answers'])}>\n"
    parts = [
        ("text/plain", "A mail could not be delivered yet, or at all."),
        ("message/delivery-status", said),
        ("text/rfc822-headers", returned),
    ]
    return _report("delivery-status", parts)


def _receipt(scene: Scene, step: Facts) -> tuple[str, str]:
    concerns = scene.header_id("earlier")
    head = (
        f"X-Ricevuta: {step['receipt']}\nX-Riferimento-Message-ID: <{concerns}>\n"
        "MIME-Version: 1.0\nContent-Type: application/xml; name=daticert.xml\n"
    )
    id = scene.header_id(step["in"])
    return head, _RECEIPT.format(kind=step["receipt"], id=id, concerns=concerns) + "\n"


def _report(kind: str, parts: list[tuple[str, str]]) -> tuple[str, str]:
    return _REPORT.format(kind), "".join(_PART.format(*part) for part in parts) + "--=b--\n"
