"""The feature catalogue, ``docs/features.md``: every feature as the schema declares it."""

from collections.abc import Iterable
from importlib.resources import files

from risk_service.features.entities import ENTITIES
from risk_service.features.schema import Feature, FeatureSchema

ACRONYMS = {"ip": "IP", "sku": "SKU"}


def catalogue(schema: FeatureSchema) -> str:
    """Return the page."""
    hidden = [f for f in (*schema.order, *schema.stored, *schema.live) if not f.model_input]
    names = ", ".join(f"`{feature.name}`" for feature in hidden)
    preface = files(__package__).joinpath("catalogue.md").read_text("utf-8")
    parts = [preface, f"Columns that no model sees, only formulas: {names}.\n"]
    parts.append(_section("The order itself", schema.order))
    parts += [
        _section(f"History of the {_words(entity)}", _of(schema.stored, entity))
        for entity in ENTITIES
    ]
    owners = dict.fromkeys(feature.entity for feature in schema.live)
    parts += [_section(_live_title(owner), _of(schema.live, owner)) for owner in owners]
    parts.append(_section("Derived", schema.derived))
    return "\n".join(parts)


def _of(features: tuple[Feature, ...], owner: str) -> list[Feature]:
    return [feature for feature in features if feature.entity == owner]


def _live_title(owner: str) -> str:
    if owner == "cluster":
        return "Live: identity cluster of the account"
    if owner == "neighbour":
        return "Live: directly linked accounts"
    return f"Live: {_words(owner)}"


def _words(owner: str) -> str:
    words = owner.replace("_x_", " and ").replace("_", " ").split()
    return " ".join(ACRONYMS.get(word, word) for word in words)


def _section(title: str, features: Iterable[Feature]) -> str:
    rows = "\n".join(
        f"| `{f.name}` | {f.unit} | {f.description_en} | {f.description_zh} |" for f in features
    )
    return f"## {title}\n\n| name | unit | English | 中文 |\n|---|---|---|---|\n{rows}\n"
