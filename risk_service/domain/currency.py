"""Currencies by their codes: how many decimals the smallest unit has, how amounts are told."""

import tomllib
from importlib.resources import files

from risk_service.domain.text import LocalizedText

CURRENCIES = frozenset(
    tomllib.loads(files(__package__).joinpath("currencies.toml").read_text("utf-8"))[
        "codes"
    ].split()
)
# What people write who do not mean a code.
_MEANT = {"RMB": "CNY", "CNH": "CNY", "YUAN": "CNY", "人民币": "CNY", "元": "CNY", "¥": "CNY"}

# ISO 4217: currencies whose smallest unit is not a hundredth.
_WITHOUT_DECIMALS = {
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
}  # fmt: skip
_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


def meant_currency(word: str) -> LocalizedText:
    """Return what to write in place of a word that is no code."""
    upper = word.strip().upper()
    code = _MEANT.get(upper, upper)
    if code in CURRENCIES:
        return LocalizedText(en=f"write {code}", zh=f"请写 {code}")
    return LocalizedText(
        en="write its ISO 4217 code, such as CNY", zh="请写 ISO 4217 代码，例如 CNY"
    )


def decimals_of(currency_code: str) -> int:
    """Return the decimals of a currency by its ISO 4217 code; 2 for one that is not known."""
    if currency_code in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency_code in _THREE_DECIMALS else 2


def money_text(minor: float, currency_code: str) -> str:
    """Return an amount in the currency's own unit, such as ``1,234.50``.

    Sums of history may be means, which have parts of the smallest unit: those are rounded.
    """
    decimals = decimals_of(currency_code)
    return f"{minor / 10**decimals:,.{decimals}f}"


def amount_text(minor: float, currency_code: str) -> str:
    """Return an amount with its currency, such as ``1,234.50 CNY``."""
    return f"{money_text(minor, currency_code)} {currency_code}".rstrip()
