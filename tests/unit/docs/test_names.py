"""Names that operators type or watch: the documents and the service know the same ones."""

import re
from pathlib import Path

from risk_service.config import Settings
from risk_service.setting_words import OF_CLIENTS

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)
# The same five of each store are told once, by the word STORE.
STORES = ("windows", "features", "ledger", "admission")
OF_STORE = ("user", "password", "tls_authority", "tls_certificate", "tls_key")


def known_by_the_documents() -> set[str]:
    """Return the settings that some document names, by their names, options or variables."""
    spans = "\n".join(re.findall(r"`[^`\n]+`|^[^`\n]*--[a-z-]+.*$", TEXT, re.MULTILINE))
    names = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", spans))
    options = {one.replace("-", "_") for one in re.findall(r"--([a-z]+(?:-[a-z]+)*)", TEXT)}
    return names | options | {one.lower() for one in re.findall(r"\bRISK_([A-Z_]+)\b", TEXT)}


def test_every_setting_is_told() -> None:
    """Nobody has to read the program to find one."""
    of_stores = {f"{store}_{rest}" for store in STORES for rest in OF_STORE}
    assert of_stores <= set(Settings.model_fields)
    assert all(f"STORE_{rest}" in TEXT for rest in OF_STORE)
    assert set(Settings.model_fields) - of_stores - known_by_the_documents() == set()


def test_every_variable_that_is_told_is_one() -> None:
    """A variable that no part of the service reads would be set for nothing."""
    told = {one.lower() for one in re.findall(r"\bRISK_([A-Z_]*[A-Z])\b", TEXT)}
    # A placeholder, and a slip of the pen that is shown as one.
    assert (
        told - set(Settings.model_fields) - set(OF_CLIENTS) - {"store_password", "actrs"} == set()
    )


def test_metrics_are_those_of_the_service() -> None:
    """An alarm on a name that there is not would never ring."""
    code = (ROOT / "risk_service" / "telemetry.py").read_text("utf-8")
    there = set(re.findall(r'"(risk_[a-z_]+)"', code))
    spans = "\n".join(re.findall(r"`[^`\n]+`", TEXT))
    told = {
        re.sub("_(total|info)$", "", one)
        for one in re.findall(r"\b(risk_[a-z_]+)", spans)
        if one != "risk_service"
    }
    assert told == there
