"""How many decimals the smallest unit of a currency has."""

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
