"""The key file: what is refused, and that the secret never shows."""

import json
from pathlib import Path

import pytest

from risk_service.domain.errors import ConfigFault
from risk_service.identity.keys import (
    IdentityKey,
    load_identity_key,
    new_identity_key,
    write_identity_key,
)

SECRET_HEX = "ab" * 32


def _write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_written_key_is_read_back_and_private(tmp_path: Path) -> None:
    """The file has mode 0600 and holds the same key."""
    path, key = tmp_path / "identity.key", new_identity_key()
    write_identity_key(path, key)
    assert load_identity_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """A second key in the same place would orphan every token of the first."""
    path, key = tmp_path / "identity.key", new_identity_key()
    write_identity_key(path, key)
    with pytest.raises(ConfigFault, match="not overwritten"):
        write_identity_key(path, new_identity_key())
    assert load_identity_key(path) == key


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The message names the command."""
    with pytest.raises(ConfigFault, match="risk keys init"):
        load_identity_key(tmp_path / "none.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The message says which mode would do."""
    text = json.dumps({"key_id": "k1", "secret_hex": SECRET_HEX})
    with pytest.raises(ConfigFault, match="chmod 600"):
        load_identity_key(_write(tmp_path / "identity.key", text, mode))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json " + SECRET_HEX,
        "[]",
        "{}",
        json.dumps({"key_id": "k1", "secret_hex": SECRET_HEX + "zz"}),
        json.dumps({"key_id": "k1", "secret_hex": SECRET_HEX[:-2]}),
        json.dumps({"key_id": "", "secret_hex": SECRET_HEX}),
        json.dumps({"key_id": "k:1", "secret_hex": SECRET_HEX}),
        json.dumps({"key_id": 1, "secret_hex": SECRET_HEX}),
        json.dumps({"key_id": "k1", "secret_hex": 5}),
    ],
)
def test_a_wrong_key_file_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    """Neither message nor chained error holds the secret."""
    with pytest.raises(ConfigFault) as caught:
        load_identity_key(_write(tmp_path / "identity.key", text))
    assert "abab" not in str(caught.value)
    assert caught.value.__cause__ is None or "abab" not in str(caught.value.__cause__)


def test_the_secret_is_not_in_repr() -> None:
    """A traceback with a key in it shows its name only."""
    key = IdentityKey(key_id="k1", secret=b"s" * 32)
    assert "sss" not in repr(key)
    assert "k1" in repr(key)
