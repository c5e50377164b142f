"""How many decimals the smallest unit of a currency has, and how amounts are told with them."""

# ISO 4217: currencies whose smallest unit is not a hundredth.
_WITHOUT_DECIMALS = {
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
}  # fmt: skip
_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


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
