"""What is sealed opens only whole, under its own key, and as what it was sealed as."""

import hmac
import pickle
from dataclasses import replace
from random import Random
from uuid import UUID, uuid4

import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.ids import uuid7
from adapters.sealing import (
    CHUNK,
    Damaged,
    Key,
    associated_data,
    open_blob,
    open_box,
    padded_size,
    seal,
    seal_blob,
)

KEY = Key(UUID(int=1), UUID(int=2), bytes(range(32)), "main")
SECRET = bytes(range(32, 64))
ABOUT = associated_data("main", "blob", b"name", b"3")
HEADER = 2 + 16 + 7
SEALED_CHUNK = CHUNK + 16


@given(st.binary(max_size=5000), st.text(max_size=20), st.binary(max_size=20))
def test_a_box_gives_back_what_was_sealed(plaintext, kind, object_id) -> None:
    assert open_box(KEY, seal(KEY, plaintext, kind, object_id), kind, object_id) == plaintext


@given(st.binary(max_size=300), st.data())
def test_a_box_with_any_bit_changed_does_not_open(plaintext, data) -> None:
    box = seal(KEY, plaintext, "event", b"1")
    at = data.draw(st.integers(0, len(box) * 8 - 1))
    with pytest.raises(Damaged):
        open_box(KEY, _flipped(box, at), "event", b"1")


@given(st.binary(max_size=300), st.data())
def test_a_box_cut_or_lengthened_does_not_open(plaintext, data) -> None:
    box = seal(KEY, plaintext, "event", b"1")
    for changed in (box[: data.draw(st.integers(0, len(box) - 1))], box + b"\0"):
        with pytest.raises(Damaged):
            open_box(KEY, changed, "event", b"1")


@given(st.binary(max_size=99))
def test_a_box_moved_elsewhere_does_not_open(plaintext) -> None:
    box = seal(KEY, plaintext, "event", b"12")
    others = [
        (KEY, "event", b"13"),
        (KEY, "secret", b"12"),
        (KEY, "event1", b"2"),
        (replace(KEY, company="other"), "event", b"12"),
        (replace(KEY, id=UUID(int=9)), "event", b"12"),
        (replace(KEY, secret=SECRET), "event", b"12"),
    ]
    for key, kind, object_id in others:
        with pytest.raises(Damaged):
            open_box(key, box, kind, object_id)


def test_no_two_boxes_are_alike() -> None:
    assert len({seal(KEY, b"the same", "event", b"1") for _ in range(100)}) == 100


def test_a_key_shows_no_secret_and_does_not_travel() -> None:
    shown = repr(KEY) + str(KEY) + f"{KEY}"
    assert KEY.secret.hex() not in shown
    assert str(KEY.secret) not in shown
    with pytest.raises(TypeError):
        pickle.dumps(KEY)


def test_a_key_unwraps_what_it_wrapped_and_another_does_not() -> None:
    wrapped = KEY.wrap(SECRET)
    assert SECRET not in wrapped
    assert KEY.unwrap(wrapped) == SECRET
    for key, box in ((replace(KEY, secret=SECRET), wrapped), (KEY, wrapped[:-1]), (KEY, b"")):
        with pytest.raises(Damaged):
            key.unwrap(box)


def sealed_blob(secret: bytes, content: bytes, associated: bytes) -> bytes:
    return b"".join(seal_blob(secret, content, associated))


@given(st.binary(max_size=5000))
def test_a_blob_gives_back_what_was_sealed(content) -> None:
    assert open_blob(SECRET, sealed_blob(SECRET, content, ABOUT), ABOUT) == content


@pytest.mark.parametrize("size", [CHUNK - 50, CHUNK - 8, CHUNK, CHUNK + 1, 3 * CHUNK, 5 * CHUNK])
def test_a_blob_of_many_chunks_comes_back(size) -> None:
    content = incompressible(size)
    assert open_blob(SECRET, sealed_blob(SECRET, content, ABOUT), ABOUT) == content


@given(st.binary(max_size=3000), st.data())
def test_a_blob_with_any_bit_changed_does_not_open(content, data) -> None:
    sealed = sealed_blob(SECRET, content, ABOUT)
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    with pytest.raises(Damaged):
        open_blob(SECRET, _flipped(sealed, at), ABOUT)


@given(st.binary(max_size=3000), st.data())
def test_a_blob_cut_or_lengthened_does_not_open(content, data) -> None:
    sealed = sealed_blob(SECRET, content, ABOUT)
    cut = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
    for changed in (cut, sealed + b"\0", sealed + sealed[HEADER:]):
        with pytest.raises(Damaged):
            open_blob(SECRET, changed, ABOUT)


def test_chunks_swapped_dropped_doubled_or_cut_off_are_noticed() -> None:
    content = incompressible(3 * CHUNK)
    sealed = sealed_blob(SECRET, content, ABOUT)
    header, body = sealed[:HEADER], sealed[HEADER:]
    one, two, *rest = (body[at : at + SEALED_CHUNK] for at in range(0, len(body), SEALED_CHUNK))
    assert open_blob(SECRET, header + one + two + b"".join(rest), ABOUT) == content
    for changed in (
        [two, one, *rest],
        [two, *rest],
        [one, *rest],
        [one, one, two, *rest],
        [one, two],
        [one, two, *rest, one],
        [one, two, *rest, rest[-1]],
    ):
        with pytest.raises(Damaged):
            open_blob(SECRET, header + b"".join(changed), ABOUT)


def test_the_chunks_of_a_blob_follow_stream() -> None:
    """Open them by hand: format, algorithm, commitment, prefix; then prefix, counter, last flag."""
    content = incompressible(2 * CHUNK)
    sealed = sealed_blob(SECRET, content, ABOUT)
    header, body = sealed[:HEADER], sealed[HEADER:]
    pieces = [body[at : at + SEALED_CHUNK] for at in range(0, len(body), SEALED_CHUNK)]
    padded = b"".join(
        AESGCM(SECRET).decrypt(
            header[-7:] + at.to_bytes(4, "big") + (b"\1" if at == 2 else b"\0"),
            piece,
            header + ABOUT,
        )
        for at, piece in enumerate(pieces)
    )
    length = int.from_bytes(padded[:8], "big")
    assert header[:18] == b"\1\1" + hmac.digest(SECRET, b"carteggio commitment", "sha256")[:16]
    assert zstandard.decompress(padded[8 : 8 + length]) == content
    assert not any(padded[8 + length :])


@given(st.binary(max_size=99))
def test_a_blob_moved_elsewhere_does_not_open(content) -> None:
    sealed = sealed_blob(SECRET, content, ABOUT)
    with pytest.raises(Damaged):
        open_blob(SECRET, sealed, associated_data("main", "blob", b"other", b"3"))
    with pytest.raises(Damaged):
        open_blob(KEY.secret, sealed, ABOUT)


@given(st.integers(0, 1 << 40))
@example(1 << 20)
def test_padding_hides_the_size_and_costs_at_most_an_eighth(size) -> None:
    padded = padded_size(size)
    assert padded >= size
    assert padded <= max(1024, size * 1.12 + 1)
    assert padded_size(padded) == padded


def test_blobs_of_many_sizes_have_few_sizes() -> None:
    assert len({padded_size(size) for size in range(1 << 20)}) < 300


@given(st.lists(st.binary(max_size=4), min_size=2, max_size=2, unique=True), st.text(max_size=4))
def test_two_objects_never_have_the_same_name(ids, kind) -> None:
    one, other = (associated_data("main", kind, id, KEY.id.bytes) for id in ids)
    assert one != other


def test_ids_grow_and_carry_their_version() -> None:
    ids = [uuid7() for _ in range(10_000)]
    assert ids == sorted(set(ids))
    assert {(id.version, id.variant) for id in ids} == {(7, uuid4().variant)}


def incompressible(size: int) -> bytes:
    return Random(size).randbytes(size)  # noqa: S311


def _flipped(box: bytes | bytearray, bit: int) -> bytes:
    changed = bytearray(box)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
