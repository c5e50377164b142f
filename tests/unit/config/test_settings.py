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
        ("replay_from = 2200-01-01T00:00:00Z", "replay_from: .* between 1970 and 2199"),
        ("replay_from = 1969-12-31T23:59:59Z", "replay_from: .* between 1970 and 2199"),
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


def refused(options: dict[str, object], environment: dict[str, str], language: str = "en") -> str:
    """Return what is said of settings that are refused."""
    with pytest.raises(ConfigFault) as raised:
        load_settings(options, environment)
    return raised.value.said(language)


def test_wrong_values_are_told_by_how_they_are_written() -> None:
    """Each in a line of its own, as a person would say it, in both languages."""
    wrong = {
        "RISK_LISTEN": "localhost",
        "RISK_METRICS_PORT": "x",
        "RISK_DRAIN_GRACE_S": "-1",
        "RISK_WINDOWS": "redis",
        "RISK_MODELS_OPTIONAL": "maybe",
        "RISK_REPLAY_FROM": "tomorrow",
    }
    assert refused(FILES, wrong).splitlines() == [
        "settings:",
        "  listen: must be host:port, such as 127.0.0.1:50051",
        "  metrics_port: must be a whole number",
        "  windows: must be embedded or redis://host:port[,host:port]",
        "  models_optional: must be true or false",
        "  replay_from: must be a time such as 2026-07-01T00:00:00Z",
        "  drain_grace_s: must be at least 0",
    ]
    assert refused(FILES, {"RISK_LISTEN": "a:70000"}) == (
        "settings: listen: the port must be 0 to 65535"
    )
    assert "listen：须为host:port，例如 127.0.0.1:50051" in refused(FILES, wrong, "zh")


def test_a_misspelt_variable_is_refused() -> None:
    """Passed over, it would leave the service open, or with windows of its own."""
    slips = {"RISK_ACTOR": "a", "RISK_WINDOW": "redis://r:1", "RISK_LANGUAGE": "zh"}
    assert refused(FILES, slips).splitlines() == [
        "settings:",
        "  RISK_ACTOR: there is no such setting; did you mean RISK_ACTORS?",
        "  RISK_WINDOW: there is no such setting; did you mean RISK_WINDOWS?",
    ]
    assert "没有这项设置；是否应为 RISK_ACTORS？" in refused(FILES, slips, "zh")


def test_variables_of_others_are_none_of_ours() -> None:
    """Those of clients and commands, and those that Kubernetes makes of a service's name."""
    others = (
        "LANG SERVER TOKEN TLS_AUTHORITY SERVICE_HOST SERVICE_PORT PORT PORT_50051_TCP_ADDR "
        "LEDGER_PORT WINDOWS_PORT FEATURES_PORT ADMISSION_PORT LEDGER_SERVICE_HOST"
    )
    told = load_settings(FILES, {f"RISK_{name}": "x" for name in others.split()})
    assert told == load_settings(FILES, {})


def test_a_misspelt_key_of_the_file_is_told_the_right_one(tmp_path: Path) -> None:
    """So that nobody looks for it in the documents."""
    file = tmp_path / "risk.toml"
    file.write_text('lissen = "x:1"')
    with pytest.raises(ConfigFault, match="lissen: there is no such setting; did you mean listen"):
        load_settings(FILES, {}, file)
