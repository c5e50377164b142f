"""Random damage to any file of a bundle is refused; nothing crashes."""

import random
from typing import Any

import pytest

from risk_service.domain.errors import BundleRefused
from risk_service.models.bundle import verify_bundle
from tests.fixtures.bundle_maker import SCHEMA

FILES = (
    "manifest.json",
    "manifest.sig",
    "golden.json",
    "scalping.full.txt",
    "brushing.order_only.txt",
    "refund.full.txt",
)


def damaged(data: bytes, source: random.Random) -> bytes:
    """Return the bytes with a few bits flipped, cut out or put in."""
    changed = bytearray(data)
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(changed))
        match source.randrange(3):
            case 0:
                changed[at] ^= 1 << source.randrange(8)
            case 1:
                del changed[at : at + source.randint(1, 50)]
            case _:
                changed[at:at] = source.randbytes(source.randint(1, 5))
    return bytes(changed)


@pytest.mark.parametrize("name", FILES)
def test_random_damage_is_refused(release: Any, name: str) -> None:
    """Flipped, cut and added bytes: always a refusal, unless the file is as it was."""
    source = random.Random(name)
    path = release.bundle / name
    sound = path.read_bytes()
    for _ in range(60):
        spoiled = damaged(sound, source)
        if spoiled == sound:
            continue
        path.write_bytes(spoiled)
        with pytest.raises(BundleRefused):
            verify_bundle(release.bundle, release.trusted, SCHEMA)
    path.write_bytes(sound)
    verify_bundle(release.bundle, release.trusted, SCHEMA)


def test_every_bit_of_the_signature_file_counts(release: Any) -> None:
    """Spare bits of base64 are no way to a second spelling of one signature."""
    path = release.bundle / "manifest.sig"
    sound = path.read_bytes()
    for at in range(len(sound) * 8):
        spoiled = bytearray(sound)
        spoiled[at // 8] ^= 1 << (at % 8)
        path.write_bytes(spoiled)
        with pytest.raises(BundleRefused):
            verify_bundle(release.bundle, release.trusted, SCHEMA)
