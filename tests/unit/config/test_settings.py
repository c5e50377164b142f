"""Settings: where they come from and how they are refused."""

import os
from pathlib import Path

import pytest

from risk_service.config import Settings, load_settings
from risk_service.domain.errors import ConfigFault

FILES: dict[str, object] = {
    "bundle": "b", "trust": ("k",), "identity_key": "i", "features": "f", "state": "s",
}  # fmt: skip


def test_command_line_beats_environment_beats_file(tmp_path: Path) -> None:
    """The nearer source wins, and what nobody names keeps its default."""
    file = tmp_path / "risk.toml"
    file.write_text('listen = "file:1"\nmetrics_port = 1\ngroup_orders_max = 7\n')
    environment = {"RISK_LISTEN": "env:2", "RISK_METRICS_PORT": "2", "OTHER": "x"}
    settings = load_settings({**FILES, "listen": "option:3"}, environment, file)
    assert (settings.listen, settings.metrics_port, settings.group_orders_max) == ("option:3", 2, 7)
    assert settings.deadline_default_ms == Settings.model_fields["deadline_default_ms"].default


def test_several_keys_come_in_one_variable() -> None:
    """Trusted keys in the environment are separated as in PATH."""
    options = {name: value for name, value in FILES.items() if name != "trust"}
    settings = load_settings(options, {"RISK_TRUST": os.pathsep.join(["a", "b"])})
    assert settings.trust == (Path("a"), Path("b"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('lissen = "x:1"', "lissen"),
        ("listen = ", "risk.toml"),
        ('listen = "x"', "listen"),
        ('listen = "127.0.0.1:65536"', "listen: .* 0 to 65535"),
    ],
)
def test_wrong_file_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    """A slip in the file names the setting or the file."""
    file = tmp_path / "risk.toml"
    file.write_text(text)
    with pytest.raises(ConfigFault, match=words):
        load_settings(FILES, {}, file)


def test_missing_setting_says_how_to_give_it() -> None:
    """A missing setting is named with its option and its variable, in both languages."""
    options = {name: value for name, value in FILES.items() if name != "identity_key"}
    with pytest.raises(ConfigFault, match=r"--identity-key or RISK_IDENTITY_KEY") as raised:
        load_settings(options, {})
    told = raised.value.said("zh")
    assert told == "设置：identity_key：缺少，请用 --identity-key 或 RISK_IDENTITY_KEY 给出"
