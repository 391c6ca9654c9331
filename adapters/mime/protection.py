"""How a mail is signed or encrypted (RFC 8551, RFC 3156, or PGP in the text)."""

from collections.abc import Iterator

from adapters.mime import cms
from adapters.mime.inside import SIGNED_TYPES
from adapters.mime.transfer import encoding_of
from adapters.mime.tree import Part

_BEGINS_SIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----"
_BEGINS_ENCRYPTED = b"-----BEGIN PGP MESSAGE-----"


def protection_of(root: Part) -> tuple[str, str]:
    """Give the outermost protection, and the state of its signature; empty where there is none.

    A mail without any, whose text holds PGP's armour, is protected too.
    """
    for part in _parts(root):
        if found := _of(part, root):
            return found
    for part in root.leaves():
        if part.is_body and part.media_type in ("text/plain", "text/html"):
            # Only base64 hides the armour's first line: the others leave plain words as they are.
            encoding = encoding_of(part.fields.first("content-transfer-encoding"))
            body = part.octets() if encoding == "base64" else part.encoded()
            if _BEGINS_SIGNED in body:
                return "pgp-signed", cms.UNVERIFIED
            if _BEGINS_ENCRYPTED in body:
                return "pgp-encrypted", ""
    return "", ""


def _parts(part: Part) -> Iterator[Part]:
    yield part
    for child in part.children:
        yield from _parts(child)


def _of(part: Part, root: Part) -> tuple[str, str] | None:
    match part.media_type:
        case "multipart/signed":
            if "pgp" in part.parameters.get("protocol", "").lower():
                return "pgp-signed", cms.UNVERIFIED
            return "smime-signed", _detached(part)
        case "multipart/encrypted" | "application/pgp-encrypted":
            return "pgp-encrypted", ""
        case kind if kind in SIGNED_TYPES and (part is root or _is_mail(part)):
            return _opaque(part)
        case _:
            return None


def _is_mail(part: Part) -> bool:
    """Tell a protected mail from a signed document, whose name is its own."""
    return part.name.lower() in ("", "smime.p7m")


def _opaque(part: Part) -> tuple[str, str]:
    octets = part.octets()
    kind = cms.kind_of(octets)
    said = part.parameters.get("smime-type", "").lower()
    ending = part.name.lower().endswith((".p7s", ".p7c"))
    if kind == "signed" or (not kind and (said.startswith("signed") or ending)):
        signed = cms.signed_data(octets)
        if signed is not None and not signed.signers:
            return "smime-signed", ""  # certificates alone
        return "smime-signed", cms.state_of(signed, ())
    return "smime-encrypted", ""


def _detached(part: Part) -> str:
    """Check a signature beside what it signs: the first part, header and all, with CRLF."""
    if len(part.children) < 2:
        return cms.BROKEN
    content, signature = part.children[:2]
    as_it_lies = content.raw[content.start : content.end]
    canonical = as_it_lies.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    forms = (canonical, as_it_lies) if canonical != as_it_lies else (canonical,)
    return cms.state_of(cms.signed_data(signature.octets()), forms)
