"""From numbers to tables: the raw data set as Arrow tables, and the ground truth."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from risk_service.domain.vocabulary import PromotionType
from training.simulate import kinds
from training.simulate.actions import ACTION_TYPES
from training.simulate.aftermath import EVENT_TYPES, Labels
from training.simulate.arrays import Array, Columns, chance, rank_within
from training.simulate.baskets import lines_of
from training.simulate.identities import IdentityTexts, texts
from training.simulate.world import World

STAMP = pa.timestamp("us", tz="UTC")
DISCOUNT = pa.struct(
    [("coupon_id", pa.string()), ("promotion_type", pa.int8()), ("amount_minor", pa.int64())]
)

# Neighbouring goods are variants of one product, such as its sizes.
VARIANTS = 4
CATEGORIES = (
    "apparel", "baby", "beauty", "drinks", "electronics", "food",
    "home", "jewellery", "outdoor", "pets", "shoes", "toys",
)  # fmt: skip


class Renderer:
    """Renders the columns of one world; ids and texts depend on the seed alone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.seed = world.market.settings.seed
        self.orders = self._sorted(world.orders)
        self._texts = IdentityTexts(self.seed, world.registry, self.orders)
        self.order_ids = self._texts.ids("order", np.arange(self.orders["at"].size))
        self.lines = lines_of(world.market.baskets, self.orders["basket"])
        self.money = self._money()

    def _sorted(self, orders: Columns) -> Columns:
        """Sort by time, then id; the id is drawn from the position, so ties keep order."""
        order = np.argsort(orders["at"], kind="stable")
        at = orders["at"][order]
        # No two orders of one microsecond: the sort by id could not be told beforehand.
        fixed = np.maximum.accumulate(at - np.arange(at.size)) + np.arange(at.size)
        return {name: values[order] for name, values in orders.items()} | {"at": fixed}

    def _money(self) -> Columns:
        """Return goods, the three discounts, shipping and payable of each order."""
        market, orders = self._world.market, self.orders
        goods = market.baskets.value_minor[orders["basket"]] * orders["multiplier"]
        big = market.spend_threshold_minor
        flash = np.where(orders["promo"] == PromotionType.FLASH_SALE, goods // 4, 0)
        saving = orders["promo"] == PromotionType.SPEND_AND_SAVE
        save = np.where(saving, market.save_minor * np.minimum(goods // big, 5), 0)
        group = np.where(orders["promo"] == PromotionType.GROUP_BUY, goods // 10, 0)
        entitled = (orders["coupon"] > 0) & (goods >= big // 4)
        worth = np.where(orders["coupon"] == 2, big // 8, np.minimum(goods // 12, big // 5))
        coupon = np.where(entitled, worth, 0)
        discount = flash + save + group + coupon
        shipping = np.where(goods - discount >= big // 2, 0, big // 30)
        return {
            "goods": goods,
            "promotion": flash + save + group,
            "coupon": coupon,
            "discount": discount,
            "shipping": shipping,
            "payable": goods - discount + shipping,
        }

    def order_table(self) -> pa.Table:
        """Return ``orders.parquet``."""
        orders, money, registry = self.orders, self.money, self._world.registry
        registered = registry.registered_us()[orders["account"]]
        unknown = chance(self.seed, "registration unknown", orders["account"]) < 0.02
        columns: dict[str, pa.Array] = {
            "order_id": self.order_ids,
            "ordered_at": pa.array(orders["at"], STAMP),
            "account_id": self._texts.ids("account", orders["account"]),
            "account_registered_at": pa.array(registered, STAMP, mask=unknown),
            "device_id": self._texts.ids("device", orders["device"]),
            "ip": self._texts.ips(),
            "payment_instrument_id": self._texts.ids("payment", orders["payment"]),
            "payer_name": self._texts.names(orders["payer"], "payer typing"),
            "recipient_name": self._texts.names(orders["recipient"], "recipient typing"),
            "recipient_phone": self._texts.phones(),
            "real_name_id": self._texts.real_names(),
            **self._texts.addresses(),
            "currency_code": pa.repeat(self._world.market.settings.currency, orders["at"].size),
            "goods_minor": pa.array(money["goods"], pa.int64()),
            "discount_minor": pa.array(money["discount"], pa.int64()),
            "shipping_minor": pa.array(money["shipping"], pa.int64()),
            "payable_minor": pa.array(money["payable"], pa.int64()),
            "page_open_to_submit_ms": self._page_times(),
            "entry_path": pa.array(orders["entry"].astype(np.int8)),
            "drop_id": self._texts.ids("drop", orders["drop"].astype(np.int64)),
            "verification_level": pa.array(registry.levels()[orders["account"]]),
            "discounts": self._discounts(),
            "baseline_outcome": pc.if_else(pa.array(orders["blocked"]), "DENY", "ALLOW"),
            "allow_through": pa.array(orders["lucky"]),
        }
        return pa.table(columns)

    def _page_times(self) -> pa.Array:
        rows = np.arange(self.orders["at"].size)
        missing = chance(self.seed, "page time missing", rows) < 0.02
        return pa.array(self.orders["page_ms"].astype(np.int32), pa.int32(), mask=missing)

    def _discounts(self) -> pa.Array:
        promotion, coupon = self.money["promotion"] > 0, self.money["coupon"] > 0
        count = promotion.astype(np.int32) + coupon
        row = np.repeat(np.arange(count.size), count)
        second = rank_within(row) == 1
        is_coupon = second | ~promotion[row]
        week = self.orders["at"][row] // (7 * 86_400_000_000)
        newcomer = self.orders["coupon"][row] == 2
        kind = np.where(newcomer, PromotionType.NEW_CUSTOMER, PromotionType.COUPON)
        values = pa.StructArray.from_arrays(
            [
                # One coupon of each kind is handed out a week, the same to everybody.
                self._texts.ids("coupon", np.where(is_coupon, week * 2 + newcomer, -1)),
                pa.array(np.where(is_coupon, kind, self.orders["promo"][row]).astype(np.int8)),
                pa.array(
                    np.where(is_coupon, self.money["coupon"][row], self.money["promotion"][row])
                ),
            ],
            fields=list(DISCOUNT),
        )
        offsets = np.r_[0, np.cumsum(count)].astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), values)

    def line_table(self) -> pa.Table:
        """Return ``lines.parquet``."""
        (row, line), baskets = self.lines, self._world.market.baskets
        seller = baskets.seller_of_sku[baskets.sku[line]]
        return pa.table(
            {
                "order_id": self.order_ids.take(pa.array(row)),
                "line_no": pa.array((rank_within(row) + 1).astype(np.int16)),
                "sku": self._texts.ids("sku", baskets.sku[line]),
                "quantity": pa.array(
                    (baskets.quantity[line] * self.orders["multiplier"][row]).astype(np.int32)
                ),
                "unit_price_minor": pa.array(baskets.price_minor[line], pa.int64()),
                "seller_id": self._texts.ids("seller", seller),
                "campaign_id": self._texts.ids(
                    "campaign", self.orders["campaign"][row].astype(np.int64)
                ),
                "promotion_type": pa.array(self.orders["promo"][row].astype(np.int8)),
                "spu": self._texts.ids("spu", baskets.sku[line].astype(np.int64) // VARIANTS),
                "category": self._categories(baskets.sku[line], seller),
            }
        )

    def _categories(self, sku: Array, seller: Array) -> pa.Array:
        """Return the category of each line: a shop keeps to one, and a catalogue has gaps."""
        unknown = chance(self.seed, "category missing", sku) < 0.02
        kind = (chance(self.seed, "category", seller) * len(CATEGORIES)).astype(np.int32)
        return pc.if_else(pa.array(unknown), "", pa.array(CATEGORIES).take(pa.array(kind)))

    def event_table(self, events: Columns) -> pa.Table:
        """Return ``events.parquet``."""
        n = events["row"].size
        names = pa.array(EVENT_TYPES).take(pa.array(events["type"]))
        return pa.table(
            {
                "event_id": self._texts.ids("event", np.arange(n)),
                "order_id": self.order_ids.take(pa.array(events["row"])),
                "event_type": names,
                "event_at": pa.array(events["at"], STAMP),
                "recorded_at": pa.array(events["recorded"], STAMP),
                "amount_minor": pa.array(events["amount"], pa.int64(), mask=events["amount"] < 0),
                "reason": pa.array(kinds.CLAIMS).take(pa.array(events["reason"])),
                "weight_ratio": pa.array(events["weight"], mask=np.isnan(events["weight"])),
            }
        )

    def action_table(self, actions: Columns) -> pa.Table:
        """Return ``actions.parquet``."""
        row = actions["row"]
        names = pa.array(ACTION_TYPES).take(pa.array(actions["type"]))
        campaign = self.orders["campaign"][row].astype(np.int64)
        return pa.table(
            {
                "action_id": self._texts.ids("action", np.arange(row.size)),
                "action_type": names,
                "action_at": pa.array(actions["at"], STAMP),
                "recorded_at": pa.array(actions["recorded"], STAMP),
                "account_id": self._texts.ids("account", self.orders["account"][row]),
                "device_id": self._texts.ids("device", self.orders["device"][row]),
                "ip": self._texts.ips().take(pa.array(row)),
                "campaign_id": self._texts.ids("campaign", campaign),
                "related_account_id": self._texts.ids("account", actions["related"]),
            }
        )

    def account_table(self) -> pa.Table:
        """Return ``accounts.parquet``: the accounts that ordered, sorted by id."""
        account = np.unique(self.orders["account"])
        registered = self._world.registry.registered_us()[account]
        table = pa.table(
            {
                "account_id": self._texts.ids("account", account),
                "registered_at": pa.array(registered, STAMP),
            }
        )
        return table.sort_by("account_id")

    def campaign_table(self) -> pa.Table:
        """Return ``campaigns.parquet``."""
        campaigns = self._world.market.campaigns
        no_drop = campaigns["drop"] < 0
        return pa.table(
            {
                "campaign_id": self._texts.ids("campaign", np.arange(no_drop.size)),
                "promotion_type": pa.array(campaigns["promo"]),
                "starts_at": pa.array(campaigns["starts"], STAMP),
                "ends_at": pa.array(campaigns["ends"], STAMP),
                "drop_id": self._texts.ids("drop", campaigns["drop"]),
                "drop_at": pa.array(campaigns["drop_at"], STAMP, mask=no_drop),
                "sku": self._texts.ids("sku", campaigns["sku"]),
                "units": pa.array(campaigns["units"], pa.int32()),
            }
        )

    def label_table(self, labels: list[Labels]) -> pa.Table:
        """Return ``labels.parquet``, sorted by order, then abuse; one ``Labels`` per abuse."""
        row = np.concatenate([one.row for one in labels])
        abuse = np.repeat(np.arange(len(labels)), [one.row.size for one in labels])
        sequence = np.lexsort((abuse, row))
        known = np.concatenate([one.known_at for one in labels])[sequence]
        value = np.concatenate([one.value for one in labels])[sequence]
        names = pa.array([str(one) for one in kinds.ABUSES])
        return pa.table(
            {
                "order_id": self.order_ids.take(pa.array(row[sequence])),
                "abuse": names.take(pa.array(abuse[sequence])),
                "value": pa.array(value, pa.int8()),
                "known_at": pa.array(known, STAMP),
            }
        )

    def truth_table(self) -> pa.Table:
        """Return the ground truth, which only ``training.truth`` reads."""
        orders = self.orders
        abuse = pa.array([*(str(one) for one in kinds.ABUSES), ""])
        position = np.where(orders["abuse"] < 0, len(kinds.ABUSES), orders["abuse"])
        ring = texts(
            orders["ring"], lambda keys: [f"r{key:05d}" if key >= 0 else "" for key in keys]
        )
        return pa.table(
            {
                "order_id": self.order_ids,
                "account_id": self._texts.ids("account", orders["account"]),
                "abuse": abuse.take(pa.array(position)),
                "strategy": pa.array(kinds.STRATEGIES).take(pa.array(orders["strategy"])),
                "ring_id": ring,
                "persona": pa.array(kinds.PERSONAS).take(pa.array(orders["persona"])),
                "blocked": pa.array(orders["blocked"]),
            }
        )
