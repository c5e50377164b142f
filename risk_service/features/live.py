"""Live features as columns of the vector: what windows.toml and clusters.toml declare.

The order of the columns is that of ``WindowSet.names``, then that of ``ClusterSet.names``.
"""

from dataclasses import dataclass

from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.terms import ClusterFeature
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.terms import WindowFeature


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveColumn:
    """One live feature, whatever declares it; ``owner`` is an entity, a pair or a scope."""

    name: str
    owner: str
    unit: str
    default: float
    description_en: str
    description_zh: str
    model_input: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveColumns:
    """All live features in vector order, with the version of their declarations."""

    version: str
    columns: tuple[LiveColumn, ...]


def load_live() -> LiveColumns:
    """Return the live features of the promotion service."""
    windows = load_windows()
    clusters = load_clusters()
    columns = [_column(f, group.name) for group in windows.groups for f in group.features]
    columns += [_column(feature, feature.scope) for feature in clusters.features]
    return LiveColumns(version=f"{windows.version} {clusters.version}", columns=tuple(columns))


def _column(feature: WindowFeature | ClusterFeature, owner: str) -> LiveColumn:
    return LiveColumn(
        name=feature.name,
        owner=owner,
        unit=feature.unit,
        default=feature.default,
        description_en=feature.description_en,
        description_zh=feature.description_zh,
        model_input=not isinstance(feature, WindowFeature) or feature.model_input,
    )
