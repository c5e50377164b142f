"""``risk keys init`` and the reading of key files."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.cli.keys import keys
from risk_service.domain.errors import ConfigFault
from risk_service.identity.keys import load_identity_key
from risk_service.models.signature import (
    check_signature,
    key_id_of,
    load_signing_key,
    load_trusted,
    sign_manifest,
)


def init(directory: Path, *options: str) -> str:
    """Run the command; return what it prints."""
    result = CliRunner().invoke(
        keys, ["init", "--dir", str(directory), *options], catch_exceptions=False
    )
    assert result.exit_code == 0
    return result.output


def test_three_usable_keys_are_made(tmp_path: Path) -> None:
    """The pair signs and verifies, the identity key loads, secrets are for the owner only."""
    output = init(tmp_path / "keys")
    private = load_signing_key(tmp_path / "keys" / "signing.key")
    trusted = load_trusted([tmp_path / "keys" / "signing.pub"])
    assert check_signature(b"x", sign_manifest(b"x", private), trusted) in output
    assert load_identity_key(tmp_path / "keys" / "identity.key").key_id == "k1"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {"identity.key": 0o600, "signing.key": 0o600, "signing.pub": 0o644}


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    """A second run is refused and changes nothing, even when one key is left."""
    init(tmp_path)
    (tmp_path / "signing.pub").unlink()
    before = (tmp_path / "identity.key").read_bytes()
    with pytest.raises(ConfigFault, match=r"identity\.key, signing\.key already there"):
        init(tmp_path)
    assert (tmp_path / "identity.key").read_bytes() == before
    assert not (tmp_path / "signing.pub").exists()


def test_force_sets_old_keys_aside_under_a_new_id(tmp_path: Path) -> None:
    """Old keys stay readable, and tokens of the new key cannot be taken for the old one's."""
    init(tmp_path)
    before = (tmp_path / "identity.key").read_bytes()
    told = json.loads(init(tmp_path, "--force", "--json"))
    assert told["identity_key_id"] == "k2"
    assert before in [Path(path).read_bytes() for path in told["set_aside"]]
    key = load_signing_key(Path(told["signing_key"]))
    assert told["signing_key_id"] == key_id_of(key.public_key())


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A path through a file is a clear error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigFault, match="cannot write the keys"):
        init(tmp_path / "file" / "keys")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PUBLIC KEY-----\nAA\n"])
def test_a_file_that_is_no_key_is_told_by_its_path(tmp_path: Path, content: bytes) -> None:
    """Wrong key files name themselves."""
    path = tmp_path / "wrong.pub"
    path.write_bytes(content)
    with pytest.raises(ConfigFault, match=r"wrong\.pub: not a"):
        load_trusted([path])
    with pytest.raises(ConfigFault, match=r"wrong\.pub: not an"):
        load_signing_key(path)
    with pytest.raises(ConfigFault, match="cannot be read"):
        load_trusted([tmp_path / "missing.pub"])
