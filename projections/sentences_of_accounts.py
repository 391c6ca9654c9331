"""What happened to accounts, in plain English."""

from domain import sendingside
from domain.account import (
    AccountConfigured,
    AccountConsentAsked,
    AccountConsentGiven,
    AccountConsentLost,
    AccountCredentialsChanged,
    AccountEvent,
    AccountPaused,
    AccountRemoved,
    AccountResumed,
)


def of_account(event: AccountEvent) -> str:
    """Say what happened to an account."""
    match event:
        case AccountConfigured():
            return f"account configured: {event.protocol} at {event.host}:{event.port}"
        case AccountCredentialsChanged():
            return "a new secret was stored"
        case AccountPaused():
            return "the account was paused"
        case AccountResumed():
            return "the account was resumed"
        case AccountConsentAsked(way):
            return f"a person was asked to let the account in, by {way}"
        case AccountConsentGiven(ends_at):
            return f"consent was given{f', until {ends_at:%Y-%m-%d}' if ends_at else ''}"
        case AccountConsentLost(reason):
            return f"consent is lost ({reason}); a person has to give it again"
        case sendingside.AccountSendingConfigured():
            return f"sending configured: {event.host}:{event.port}"
        case sendingside.AccountSendingCredentialsChanged():
            return "a new secret for sending was stored"
        case sendingside.AccountSendingRemoved():
            return "nothing is sent any more, the secret for it was destroyed"
        case AccountRemoved():
            return "the account was removed, its secret destroyed; its mail stays"
