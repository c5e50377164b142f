"""What accounts are verified to, as orders and actions use it."""

from collections import OrderedDict
from collections.abc import Iterable

from msgspec.structs import replace

from risk_service.domain.order import Order
from risk_service.domain.verification import Verification
from risk_service.domain.vocabulary import VerificationLevel
from risk_service.ports import VerificationStore

# Accounts whose verification, or lack of one, is kept in memory: about 300 bytes each.
ACCOUNTS_KEPT = 100_000


class Verified:
    """Looks verified levels up; remembers the accounts asked for last.

    Parameters
    ----------
    store
        Whoever adds to it tells of it by ``forget``.
    """

    def __init__(self, store: VerificationStore, accounts_kept: int = ACCOUNTS_KEPT) -> None:
        self._store = store
        self._kept: OrderedDict[str, Verification | None] = OrderedDict()
        self._accounts_kept = accounts_kept

    def order(self, order: Order, now_us: int) -> Order:
        """Return the order with what its account is verified to, where that is more.

        The order keeps a higher level of its own, and a real-name id of its own.
        """
        found = self._of(order.tokens.account, now_us)
        if found is None:
            return order
        level = max(order.verification_level, found.level)
        tokens = order.tokens
        real_name = tokens.real_name or found.real_name
        if level is order.verification_level and real_name == tokens.real_name:
            return order
        return replace(order, verification_level=level, tokens=replace(tokens, real_name=real_name))

    def level(self, account: str, now_us: int) -> VerificationLevel:
        """Return the account's level in force, UNSPECIFIED for none."""
        found = self._of(account, now_us)
        return found.level if found else VerificationLevel.UNSPECIFIED

    def real_name(self, account: str, now_us: int) -> str:
        """Return the token of the account's verified real name, empty for none."""
        found = self._of(account, now_us)
        return found.real_name if found else ""

    def forget(self, accounts: Iterable[str]) -> None:
        """Look these accounts up anew: they have been verified."""
        for account in accounts:
            self._kept.pop(account, None)

    def _of(self, account: str, now_us: int) -> Verification | None:
        if not account:
            return None
        try:
            found = self._kept[account]
        except KeyError:
            return self._looked_up(account, now_us)
        if found is not None and found.expires_at_us <= now_us:
            # A lower level may hold on.
            return self._looked_up(account, now_us)
        return found

    def _looked_up(self, account: str, now_us: int) -> Verification | None:
        found = self._store.in_force([account], now_us).get(account)
        self._kept[account] = found
        self._kept.move_to_end(account)
        if len(self._kept) > self._accounts_kept:
            self._kept.popitem(last=False)
        return found
