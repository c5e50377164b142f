"""promoguard: anti-fraud decisions for promotion orders."""

__version__ = "0.1.0"
