"""Accounts as somebody enters them over the API, and what is asked of them there."""

import asyncio
from typing import Any

from adapters.mime.worker import ReadingWorker
from api.work.sync import Sync
from serving import Api

BOX = "info@firm.example"
FIELDS = """id mailboxId address protocol host port security user login folders state trouble
  failures isStale lastLookAt lastSuccessAt nextLookAt backlog comparedAt
  coverage { sentIsRead sentReadAt reason } consentEndsAt ending deleteAfterDays"""
LIST = f"{{ accounts {{ {FIELDS} }} }}"
CONFIGURE = f"""mutation($input: AccountConfigureInput!) {{ accountConfigure(input: $input) {{
  position userErrors {{ code message }} account {{ {FIELDS} }} }} }}"""


def ordering(name: str) -> str:
    return f"""mutation($input: AccountInput!) {{ {name}(input: $input) {{ position
      userErrors {{ code message }} account {{ state }} }} }}"""


def entered(account: Any, command: str = "c-1", **more: Any) -> dict[str, Any]:
    server = account.server
    return {
        "commandId": command, "address": BOX, "host": server.host, "port": server.imap,
        "security": "PLAIN", "user": account.user, "password": account.password, **more,
    }  # fmt: skip


def configured(api: Api, token: str, **input: Any) -> Any:
    return api.ask(CONFIGURE, token, input=input)["accountConfigure"]


def fetched(api: Api, worker: ReadingWorker) -> None:
    (synced,) = asyncio.run(Sync(api.carteggio, worker).all())
    assert synced.trouble == ""
    api.caught_up()
