"""What is known of an entity from its other role: counts, amounts, label rates, who was there.

For a payment of account A to account B, ``payer.as_payee`` is what A was paid before: by how
many, how much within the hour, and how much of that it has paid on. Its links are the accounts
that paid A last, and how they fare as the one or the other.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from training.own_data.events import Coded, Floats
from training.own_data.fields.roles import in_one
from training.own_data.inputs import declare as d
from training.own_data.inputs.formulas import KeyInputs, Read, Values
from training.own_data.inputs.links import NEIGHBOURS, fare_of, link_reading, neighbours
from training.own_data.plan import FeaturePlan, RolePlan
from training.windows.build import read_at
from training.windows.log import EventLog, hash_column

Rows = NDArray[np.int64]
Found = Iterator[tuple[str, Values]]


class RoleInputs:
    """The inputs of one role, for the events that read in the log.

    Parameters
    ----------
    amount
        Amount of each row, NaN where missing; None when there is none.
    """

    def __init__(
        self,
        plan: FeaturePlan,
        role: RolePlan,
        log: EventLog,
        amount: Floats | None,
    ) -> None:
        self._role, self._log = role, log
        self._windows = d.declare_roles(plan)
        self._inputs = KeyInputs(
            plan, role.key, self._reader((role.key.field,), (role.field,)), amount, role.name
        )

    def windows(self) -> Found:
        """Yield what the other role tells, and how often the two met the other way round."""
        yield from self._inputs.windows()
        two = d.back_pair(self._role)
        first, second = two.first, two.second
        if self._role.field == first:
            read = self._reader((first, second), (second, first))
            for measure in ("count", "since"):
                name = d.feature_name((first, second), d.EVENTS, measure, d.SINCE_WINDOW, "")
                yield f"{second}_x_{first}.back__{measure}", read(name)

    def rates(self) -> Found:
        """Yield what the labels known say of the other role."""
        yield from self._inputs.rates()

    def _reader(self, keys: tuple[str, ...], fields: tuple[str, ...]) -> Read:
        """Return what reads the windows of ``keys`` with the values that stand in ``fields``."""
        log, windows = self._log, self._windows
        group = [one.keys for one in windows.groups].index(keys)
        hashes = np.stack([log.field(name, log.reads) for name in fields], axis=1)
        values = read_at(log, windows, group, hashes, log.r_us[log.reads])
        place = {one.name: at for at, one in enumerate(windows.groups[group].features)}
        return lambda name: np.asarray(values[:, place[name]])


def linked_roles(
    role: RolePlan, log: EventLog, fields: Mapping[str, Coded], plan: FeaturePlan, rows: Rows
) -> Found:
    """Yield how those fare who were lately met in the other role, as the one or the other."""
    asked, own = in_one(fields[role.field], fields[role.key.field])
    keys = int(max(asked.max(initial=-1), own.max(initial=-1))) + 1
    found = neighbours(asked, own, asked, keys, NEIGHBOURS)[rows]
    hashes = np.append(hash_column(fields[role.field].levels), 0)[found]
    reading = link_reading(log, plan)
    for over in (role.field, role.key.field):
        yield from fare_of(hashes, over, f"{role.name}.{over}", reading)
