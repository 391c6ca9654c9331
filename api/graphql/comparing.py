"""What lies on an account's server beside what was taken in of it, for whoever asks (the ledger)."""

import asyncio
from datetime import datetime
from typing import Any, Final

import strawberry
from strawberry import ID, Info

from adapters.mime.worker import ReadingWorker
from api.graphql.access import requires
from api.graphql.commands import UserError, user_error
from api.graphql.configuring import LONGEST, known, managed_account
from api.graphql.context import Context
from api.work.checking import Checked, Checking
from api.work.ledger import Compared
from api.work.sync import Sync
from domain.access import Scope
from domain.values import Rejected

_SHOWN: Final = 1_000


@strawberry.type(description="A message on the server that was not fetched.")
class NotFetched:
    uid: str = strawberry.field(description="Its UID.")
    reason: str = strawberry.field(description="Why: too large, not given, excluded, …")


@strawberry.type(description="A folder of the server, beside what was taken in of it.")
class FolderLedger:
    folder: str = strawberry.field(description="Its name.")
    role: str = strawberry.field(description="What it is for: inbox, sent, other.")
    on_server: int = strawberry.field(description="How many messages lie there.")
    taken_in: int = strawberry.field(description="How many of these were taken in.")
    missing_count: int = strawberry.field(
        description="How many are missing: neither taken in, nor known as not fetched."
    )
    missing: list[str] = strawberry.field(description=f"Their UIDs, the first {_SHOWN:,}.")
    not_fetched: list[NotFetched] = strawberry.field(
        description=f"What was not fetched, and why; the first {_SHOWN:,}."
    )
    vanished: int = strawberry.field(
        description="How many were taken in that lie there no longer; they are kept here."
    )
    compared_at: datetime = strawberry.field(description="When it was compared.")


@strawberry.input(description="Which account is compared.")
class AccountCompareInput:
    account_id: ID = strawberry.field(description="The account.")


@strawberry.type(description="How an account's server and what was taken in of it differ.")
class AccountComparePayload:
    is_complete: bool = strawberry.field(
        description="Whether all was compared and nothing is missing; new mail is, until it is "
        "fetched."
    )
    folders: list[FolderLedger] = strawberry.field(description="Folder by folder.")
    trouble: str | None = strawberry.field(
        description="Why it could not be compared to its end, in a sentence."
    )
    user_errors: list[UserError] = strawberry.field(description="What was not done, and why.")


@strawberry.type
class ComparingMutation:
    @strawberry.mutation(
        description="Compares what lies on an account's server with what was taken in, folder by "
        "folder, and changes nothing there; half a minute at most. It is done daily by itself: "
        "`backlog` tells the outcome.",
        **requires(Scope.MANAGE_MAILBOXES),
    )
    async def account_compare(
        self, info: Info[Any, Any], input: AccountCompareInput
    ) -> AccountComparePayload:
        context: Context = info.context
        try:
            account = await known(context, managed_account(context, input.account_id))
            checked = await _compared(context, account.address)
        except Rejected as refusal:
            errors = [user_error(refusal)]
            return AccountComparePayload(
                is_complete=False, folders=[], trouble=None, user_errors=errors
            )
        said = checked.trouble or checked.warning or checked.kind
        return AccountComparePayload(
            is_complete=not (said or checked.missing),
            folders=[_shown(one) for one in checked.folders],
            trouble=said or None,
            user_errors=[],
        )


async def _compared(context: Context, address: str) -> Checked:
    try:
        with ReadingWorker() as worker:
            async with asyncio.timeout(LONGEST):
                sync = Sync(context.carteggio, worker)
                (found,) = await Checking(context.carteggio, sync).all([address])
                return found
    except TimeoutError:
        sentence = f"it was not compared within {LONGEST:g} seconds; by itself it is, daily"
        raise Rejected("TOO_SLOW", sentence) from None


def _shown(one: Compared) -> FolderLedger:
    left = list(one.not_fetched.items())[:_SHOWN]
    return FolderLedger(
        folder=one.folder,
        role=one.role,
        on_server=one.on_server,
        taken_in=one.captured,
        missing_count=len(one.missing),
        missing=[str(uid) for uid in one.missing[:_SHOWN]],
        not_fetched=[NotFetched(uid=str(uid), reason=why) for uid, why in left],
        vanished=len(one.vanished),
        compared_at=one.checked_at,
    )
