"""The declaration, its errors, and which events link."""

from importlib.resources import files

import pytest

from risk_service.domain.errors import ConfigFault
from risk_service.features.clusters.declaration import load_clusters, parse_clusters
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.clusters.links import LinkReader
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.event import Event, field_hash

TEXT = files("risk_service.features.clusters").joinpath("clusters.toml").read_text("utf-8")


def event(kind: str, **fields: str) -> Event:
    """Return an event of the promotion service."""
    windows = load_windows()
    return Event(
        event_id="e",
        kind=windows.kinds.index(kind),
        at_us=0,
        fields=tuple(fields.get(name, "") for name in windows.fields),
        columns=(0,) * len(windows.columns),
    )


def test_the_declaration_names_windows_that_there_are() -> None:
    """Every source of clusters.toml is a window of the account, and 20 features are there."""
    features = ClusterFeatures(load_windows(), load_clusters())
    assert len(features.names) == len(set(features.names)) >= 20
    assert {name.split("__")[0] for name in features.names} == {"cluster", "neighbour"}


def test_every_feature_speaks_both_languages() -> None:
    """An analyst reads what each feature means, in Chinese and in English."""
    for feature in load_clusters().features:
        assert feature.description_en.isascii()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in feature.description_zh)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("format = 1", "format = 2", "this version reads 1"),
        ("max_size = 64", "max_size = 1", "max_size is 1, it must be 2 to 1000"),
        ("max_size = 64", "max_size = '64'", "it must be int"),
        ("max_size = 64", "", "rules: max_size is missing"),
        ("members = 16", "members = 33", "members is 33, it must be 1 to 32"),
        ("age_days = 90", "age_days = 29", "real_name: age_days is 29, it must be 30 to 400"),
        ("hub_accounts = 12", "hub_accounts = 0", "payment: hub_accounts is 0"),
        ("hub_accounts = 12", "hubs = 12", "unknown entry hubs"),
        ('fact = "size"', 'fact = "girth"', "unknown fact 'girth'"),
        ('fact = "size", ', "", "cluster.size: needs either fact or source"),
        ('aggregate = "sum"', 'aggregate = "min"', "aggregate is 'min'; known are sum"),
        ("\n[features.neighbour]", "\n[features.friend]", "known are cluster, neighbour"),
        ("\n[links]", "\n[links", "not readable as TOML"),
    ],
)
def test_a_wrong_declaration_says_what_would_be_right(right: str, wrong: str, message: str) -> None:
    """An error names the entry at fault."""
    with pytest.raises(ConfigFault, match=message):
        parse_clusters(TEXT.replace(right, wrong, 1))


def test_a_source_or_a_field_that_is_none_is_refused() -> None:
    """A feature of no window and a link by no field are found when the service starts."""
    wrong = parse_clusters(TEXT.replace("account__attempts_1h", "device__attempts_1h"))
    with pytest.raises(ConfigFault, match="'device__attempts_1h' is not a window feature keyed by"):
        ClusterFeatures(load_windows(), wrong)
    wrong = parse_clusters(TEXT.replace("phone = {", "fax = {"))
    with pytest.raises(ConfigFault, match="unknown field 'fax'"):
        LinkReader(load_windows(), wrong.rules)
    wrong = parse_clusters(TEXT.replace('"ATTEMPT"', '"ORDER"'))
    with pytest.raises(ConfigFault, match="unknown kind 'ORDER'"):
        LinkReader(load_windows(), wrong.rules)


def test_the_version_changes_with_the_numbers_and_not_with_the_texts() -> None:
    """Rules have a version of their own: features may change without a replay."""
    plain = load_clusters()
    texts = parse_clusters(TEXT.replace("Accounts in the cluster", "Size"))
    assert (texts.version, texts.rules.version) == (plain.version, plain.rules.version)
    other = parse_clusters(TEXT.replace('aggregate = "max"', 'aggregate = "mean"', 1))
    assert other.version != plain.version
    assert other.rules.version == plain.rules.version
    larger = parse_clusters(TEXT.replace("max_size = 64", "max_size = 65"))
    assert larger.version != plain.version
    assert larger.rules.version != plain.rules.version


def test_links_are_the_identifiers_of_an_attempt_or_an_action() -> None:
    """Hashes stand in the order of the types, 0 where the event has none."""
    reader = LinkReader(load_windows(), load_clusters().rules)
    order = event("ATTEMPT", account="a", device="d", address="door", building="house", phone="p")
    hashes = [field_hash(text) for text in ("", "", "d", "p", "door")]
    assert reader.links(order) == tuple(hashes)
    assert reader.account(order) == "a"
    assert reader.links(event("DRAW", account="a", device="d")) == (0, 0, field_hash("d"), 0, 0)


def test_life_events_and_events_without_account_link_nobody() -> None:
    """A delivery weeks later is no new sighting of the order's device."""
    reader = LinkReader(load_windows(), load_clusters().rules)
    assert reader.links(event("DELIVERED", account="a", device="d")) is None
    assert reader.links(event("ATTEMPT", device="d")) is None


def test_a_building_without_a_door_links_nobody() -> None:
    """Whoever gives only the building of a dormitory is not tied to all who live there."""
    reader = LinkReader(load_windows(), load_clusters().rules)
    assert reader.links(event("ATTEMPT", account="a", address="b", building="b")) == (0,) * 5
