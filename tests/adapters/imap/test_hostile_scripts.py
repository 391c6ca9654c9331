"""Servers that mean ill: each ends in its trouble, keeps nobody waiting, and is visited again."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import hostilevisits
from adapters.imap.values import ImapAccount, ImapTrouble
from hostile import (
    FLOODS,
    GOOD,
    HARMLESS,
    LIMITS,
    MAIL,
    SCRIPTS,
    behaving,
    limits_of,
    visit,
)
from speaking import Script, Security, speaking

BOUND_MB = 64


def account(port: int, security: Security = "plain", folder: Path | None = None) -> ImapAccount:
    authority = folder / "ca.pem" if folder else None
    return ImapAccount("127.0.0.1", port, security, "anna", "secret", authority)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
async def test_a_hostile_server_ends_in_its_trouble_and_is_visited_again(tmp_path, script: Script):
    good = behaving(script.security, tmp_path)
    answers = GOOD | script.answers
    async with speaking(answers) as port, speaking(GOOD) as other, asyncio.timeout(60):
        here = account(port, script.security, tmp_path)
        ill, well = await asyncio.gather(
            visit(here, limits_of(script)), visit(account(other)), return_exceptions=True
        )
        assert isinstance(ill, ImapTrouble), ill
        assert (ill.kind, "secret" in ill.sentence) == (script.kind, False)
        assert well == [MAIL]
        answers.update(good)
        assert await visit(here, LIMITS) == [MAIL]


@pytest.mark.parametrize("name", HARMLESS)
async def test_what_is_odd_keeps_no_mail_from_coming(name):
    async with speaking(GOOD | HARMLESS[name]) as port, asyncio.timeout(60):
        assert set(await visit(account(port))) == {MAIL}


async def test_whatever_a_server_sends_memory_is_bounded():
    async with AsyncExitStack() as stack:
        servers = [GOOD, *(GOOD | answers for answers in FLOODS.values())]
        ports = [await stack.enter_async_context(speaking(one)) for one in servers]
        words = [sys.executable, hostilevisits.__file__, *map(str, ports)]
        child = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
        said, _ = await asyncio.wait_for(child.communicate(), 300)
    (good, _), *floods = json.loads(said)
    assert good == ""
    assert dict(zip(FLOODS, [kind for kind, _ in floods], strict=True)) == dict.fromkeys(
        FLOODS, "too much data"
    )
    assert max(most for _, most in floods) < BOUND_MB, dict(zip(FLOODS, floods, strict=True))
