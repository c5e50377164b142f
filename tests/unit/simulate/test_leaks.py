"""Nothing but behaviour tells attackers from honest customers."""

import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.simulate import kinds
from training.simulate.people import id_number

ID_COLUMNS = ("order_id", "account_id", "device_id", "payment_instrument_id")


@pytest.fixture(scope="module")
def joined(write_world):
    """Orders of a world beside their truth."""
    world = write_world(orders=20_000, days=90, seed=11)
    truth = world.truth_frame().drop(columns="account_id")
    return world, world.frame("orders").merge(truth, on="order_id")


@pytest.mark.parametrize("column", ID_COLUMNS)
def test_ids_carry_no_class(joined, column):
    """Sorting by an id, or its last digits, tells nothing about abuse.

    Counted once for each distinct id: a busy ring repeats its own.
    """
    _, orders = joined
    distinct = orders.groupby(column)["strategy"].agg(lambda one: (one != "").any())
    ids = distinct.index.to_series()
    for part in (ids.rank(), ids.str[-4:].map(lambda text: int(text, 16))):
        assert abs(roc_auc_score(distinct, part) - 0.5) < 0.04
    assert ids.str.fullmatch("[0-9a-f]{16}").all()


def test_event_and_line_order_carry_no_class(joined):
    """Row position within a day tells nothing beyond the hour of the order."""
    _, orders = joined
    guilty = orders["abuse"] != ""
    microsecond = orders["ordered_at"].dt.microsecond
    assert abs(roc_auc_score(guilty, microsecond) - 0.5) < 0.03


def test_attackers_use_the_prices_and_goods_of_everybody(joined):
    """Every price of a SKU that an attacker paid, honest customers paid too."""
    world, orders = joined
    lines = world.frame("lines").merge(orders[["order_id", "strategy"]], on="order_id")
    honest = lines[lines["strategy"] == ""]
    prices = honest.groupby("sku")["unit_price_minor"].agg(set)
    attack = lines[lines["strategy"] != ""]
    shared = attack[attack["sku"].isin(prices.index)]
    assert len(shared) > 0.95 * len(attack)
    assert all(
        price in prices[sku]
        for sku, price in zip(shared["sku"], shared["unit_price_minor"], strict=True)
    )


def test_all_strategies_and_look_alikes_are_there(joined):
    """Each strategy and each persona places orders; each abuse has 1 to 3.5 per cent."""
    _, orders = joined
    assert set(orders["strategy"]) == set(kinds.STRATEGIES)
    assert set(orders["persona"]) == set(kinds.PERSONAS)
    for abuse in kinds.ABUSES:
        assert 0.01 < (orders["abuse"] == abuse.value).mean() < 0.035
    assert orders.loc[orders["persona"] == "camouflage", "abuse"].eq("").all()
    assert orders.loc[orders["strategy"] == "", "ring_id"].eq("").all()


def test_honest_customers_share_things_as_attackers_do(joined):
    """Devices, instruments and addresses of several accounts exist among the honest."""
    _, orders = joined
    honest = orders[orders["strategy"] == ""]
    for column in ("device_id", "payment_instrument_id", "recipient_phone", "ip"):
        accounts = honest.groupby(column)["account_id"].nunique()
        assert (accounts >= 2).sum() > 50, column


def test_new_rings_start_in_the_last_third(joined):
    """A split by time meets rings in its test part that it never saw before."""
    _, orders = joined
    cut = orders["ordered_at"].quantile(0.65)
    for abuse in kinds.ABUSES:
        guilty = orders[orders["abuse"] == abuse.value]
        first = guilty.groupby("ring_id")["ordered_at"].min()
        late = guilty.loc[guilty["ordered_at"] > cut, "ring_id"].unique()
        assert (first[late] > cut).mean() > 0.1
        assert len(late) >= 3


def test_labels_are_partly_wrong(joined):
    """Some abuse is missed and some honest orders are accused, neither too many."""
    world, orders = joined
    labels = world.frame("labels").merge(orders[["order_id", "abuse"]], on="order_id")
    guilty = labels["abuse_x"] == labels["abuse_y"]
    missed = (labels.loc[guilty, "value"] == 0).mean()
    accused = (labels.loc[~guilty, "value"] == 1).mean()
    assert 0.05 < missed < 0.3
    assert 0 < accused < 0.005


def test_the_baseline_policy_blocks_more_attackers_than_customers(joined):
    """It blocks both, attackers far more often; a few denials are let through, marked."""
    _, orders = joined
    attack = orders["strategy"] != ""
    rate = orders.groupby(attack)["blocked"].mean()
    assert 0 < rate[False] < 0.03
    assert rate[True] > 2 * rate[False]
    assert not (orders["allow_through"] & orders["blocked"]).any()
    assert (orders["baseline_outcome"].eq("DENY") == orders["blocked"]).all()


def test_identities_come_in_many_spellings(joined):
    """Phones, addresses and names of one person are typed in several ways."""
    _, orders = joined
    phones = orders["recipient_phone"]
    patterns = {re.sub(r"\d", "9", phone) for phone in phones}
    assert patterns == {
        "99999999999",
        "+9999999999999",
        "999 9999 9999",
        "999-9999-9999",
        "+99 999-9999-9999",
    }
    digits = phones.str.replace(r"\D", "", regex=True).str[-11:]
    assert 0.02 < digits.str[:3].isin(["162", "165", "167", "170", "171"]).mean() < 0.15
    details = orders["address_detail"]
    for piece in ("[０-９]", "號", "栋 ", "-", "单元"):
        assert details.str.contains(piece).any(), piece
    assert orders["ip"].str.contains(":").any()
    differs = orders["payer_name"] != orders["recipient_name"]
    assert 0.03 < differs[orders["strategy"] == ""].mean() < 0.3


def test_real_name_ids_have_valid_check_digits(joined):
    """Every id number of the world satisfies ISO 7064 mod 11-2; most orders have none."""
    _, orders = joined
    ids = orders.loc[orders["real_name_id"] != "", "real_name_id"]
    assert 0.05 < len(ids) / len(orders) < 0.5
    for text in set(ids):
        assert len(text) == 18
        total = sum(
            (10 if digit == "X" else int(digit)) * pow(2, 17 - at, 11)
            for at, digit in enumerate(text)
        )
        assert total % 11 == 1
    assert id_number(12345) == id_number(12345)


def test_mobile_exits_are_shared_by_many(joined):
    """Carrier NAT puts honest customers behind few addresses."""
    _, orders = joined
    honest = orders[orders["strategy"] == ""]
    accounts = honest.groupby("ip")["account_id"].nunique().to_numpy()
    assert np.sort(accounts)[-20:].min() >= 5
