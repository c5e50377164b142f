"""Live features as columns of the vector: what windows.toml declares.

The order of the columns is that of ``WindowSet.names``.
"""

from dataclasses import dataclass

from risk_service.features.windows.declaration import load_windows


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveColumn:
    """One live feature, whatever declares it; ``owner`` is an entity or a pair."""

    name: str
    owner: str
    unit: str
    default: float
    description_en: str
    description_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveColumns:
    """All live features in vector order, with the version of their declarations."""

    version: str
    columns: tuple[LiveColumn, ...]


def load_live() -> LiveColumns:
    """Return the live features of the promotion service."""
    windows = load_windows()
    columns = tuple(
        LiveColumn(
            name=feature.name,
            owner=group.name,
            unit=feature.unit,
            default=feature.default,
            description_en=feature.description_en,
            description_zh=feature.description_zh,
        )
        for group in windows.groups
        for feature in group.features
    )
    return LiveColumns(version=windows.version, columns=columns)
