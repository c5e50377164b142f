"""The loops that look at identity clusters: what ``ClusterState.look_at`` says, for a group.

They read the arrays of ``Evidence``, ``Partition`` and ``Accounts`` as those are; functions
are named as the methods there.
"""

from risk_service.adapters.live.flat.compiled import allocating, compiled
from risk_service.adapters.live.flat.look_arrays import Ages, Evidences, Look, Partitions
from risk_service.adapters.live.flat.memory import Ints
from risk_service.features.clusters.evidence import ACCOUNT_VALUES
from risk_service.features.clusters.state import NEW_ACCOUNT_US, NOBODY
from risk_service.loops.compiled import Arrays
from risk_service.loops.pointers import bytes_at, int32s_at, ints_at

UNKNOWN = -1
# What is told of an order: then come its members, then its neighbours, as account numbers.
SIZE, AGE_US, MERGES, HUB_LINKS, NEW_ACCOUNTS, ID, N_MEMBERS, N_NEAR, TOLD = range(9)
# Terms of a look: time, least time of a row that makes a hub, how long accounts are kept, the
# greatest size, how many members and neighbours are named; then salts, then caps by link type.
AT_US, HUB_FROM, KEEP_US, MAX_SIZE, MEMBERS, NEAR, SALTS = range(7)


@allocating
def look_at_all(lying: Ints, look: Arrays, told: Ints) -> None:
    """Tell what each order sees; rows of ``told`` as ``SIZE`` and the following say.

    ``lying`` says where the arrays lie that are looked at, one row each: those of
    ``Evidences``, ``Partitions`` and ``Ages`` in their order.
    """
    evidence = Evidences(
        bytes_at(lying[0]), bytes_at(lying[1]), int32s_at(lying[2]), int32s_at(lying[3]),
        int32s_at(lying[4]), ints_at(lying[5]), int32s_at(lying[6]), int32s_at(lying[7]),
        int32s_at(lying[8]), ints_at(lying[9]), int32s_at(lying[10]),
    )  # fmt: skip
    partition = Partitions(
        int32s_at(lying[11]), int32s_at(lying[12]), int32s_at(lying[13]), int32s_at(lying[14]),
        int32s_at(lying[15]), int32s_at(lying[16]), int32s_at(lying[17]), int32s_at(lying[18]),
    )  # fmt: skip
    ages = Ages(ints_at(lying[19]), ints_at(lying[20]))
    _look_at(evidence, partition, ages, Look(*look), told)


@compiled
def _look_at(
    evidence: Evidences, partition: Partitions, ages: Ages, look: Look, told: Ints
) -> None:
    terms = look.terms
    for order in range(len(look.asked)):
        number, row = look.asked[order, 0], told[order]
        if number >= 0 and terms[AT_US] - ages.last_us[number] > terms[KEEP_US]:
            number = UNKNOWN
        account = NOBODY if number == UNKNOWN else number
        values = _values(evidence, look, order)
        hubs = 0
        for place in range(values):
            hubs += evidence.hub[look.values[place]]
        row[HUB_LINKS] = hubs
        count = _cluster(evidence, partition, look, (account, values), row)
        _tell_cluster(ages, look, (number, count), row)
        values = _values_of(evidence, account, look.values, values)
        _tell_near(evidence, ages, look, (account, values), row)


@compiled
def _values(evidence: Evidences, look: Look, order: int) -> int:
    """Put the numbers of the values that links name into ``look.values``; return how many."""
    keys, slots, count = evidence.keys, evidence.slots, 0
    types = look.asked.shape[1] - 1
    for kind in range(types):
        link = look.asked[order, 1 + kind]
        if not link:
            continue
        key = link ^ look.terms[SALTS + kind]
        place = key & look.terms[SALTS + 2 * types]
        number = slots[place]
        while number >= 0 and keys[number] != key:
            place += 1
            number = slots[place]
        if number >= 0:
            look.values[count] = number
            count += 1
    return count


@compiled
def _links(evidence: Evidences, terms: Ints, value: int, account: int) -> bool:
    """Tell whether a value links others to an account."""
    if evidence.hub[value]:
        return False
    row, count, recent = evidence.head[value], 0, 0
    while row >= 0:
        if evidence.row_account[row] != account:
            count += 1
            recent += evidence.row_us[row] >= terms[HUB_FROM]
        row = evidence.older[row]
    types = (len(terms) - SALTS - 1) // 2
    cap = terms[SALTS + types + evidence.kind[value]]
    return count > 0 and (count + 1 < cap or recent + 1 < cap)


@compiled
def _newest_other(evidence: Evidences, terms: Ints, value: int, account: int) -> int:
    """Return the other account last seen at a value; ``UNKNOWN`` where it links none.

    None either where the value links this account already.
    """
    row, newest = evidence.head[value], UNKNOWN
    while row >= 0:
        if evidence.row_account[row] == account:
            return UNKNOWN
        if newest < 0 or evidence.row_us[row] > evidence.row_us[newest]:
            newest = row
        row = evidence.older[row]
    if not _links(evidence, terms, value, account):
        return UNKNOWN
    return int(evidence.row_account[newest])


@compiled
def _cluster_of(partition: Partitions, account: int) -> int:
    if account < len(partition.moved) and partition.moved[account] >= 0:
        return int(partition.moved[account])
    if account < len(partition.label) and partition.label[account] >= 0:
        return int(partition.label[account])
    return ~account


@compiled
def _size(partition: Partitions, cluster: int) -> int:
    nights = len(partition.starts) - 1
    if cluster < 0:
        return 1
    if cluster < nights:
        return int(partition.starts[cluster + 1] - partition.starts[cluster])
    return int(partition.sizes[cluster - nights])


@compiled
def _cluster(
    evidence: Evidences, partition: Partitions, look: Look, own: tuple[int, int], row: Ints
) -> int:
    """Gather the other accounts of the cluster, return how many, and tell its merges.

    ``own`` has the account and how many values it names.
    """
    account, values = own
    nights, clusters = len(partition.starts) - 1, look.clusters
    clusters[0] = _cluster_of(partition, account)
    found, size, merges = 1, _size(partition, clusters[0]), 0
    for place in range(values):
        newest = _newest_other(evidence, look.terms, look.values[place], account)
        if newest < 0:
            continue
        other = _cluster_of(partition, newest)
        known = False
        for each in range(found):
            known = known or clusters[each] == other
        if known or size + _size(partition, other) > look.terms[MAX_SIZE]:
            continue
        size += _size(partition, other)
        clusters[found] = other
        found += 1
    count = 0
    for each in range(found):
        count = _gather(partition, clusters[each], account, look.accounts, count)
        if clusters[each] >= nights:
            merges += partition.merges[clusters[each] - nights]
    row[MERGES] = merges + found - 1
    return count


@compiled
def _gather(partition: Partitions, cluster: int, without: int, accounts: Ints, count: int) -> int:
    """Add the accounts of a cluster but one; return how many there are now."""
    nights, one = len(partition.starts) - 1, ~cluster
    if nights <= cluster:
        one = int(partition.some[cluster - nights])
    for place in range(_size(partition, cluster)):
        if 0 <= cluster < nights:
            one = int(partition.members[partition.starts[cluster] + place])
        if one != without:
            accounts[count] = one
            count += 1
        if cluster >= nights:
            one = int(partition.following[one])
    return count


@compiled
def _tell_cluster(ages: Ages, look: Look, own: tuple[int, int], row: Ints) -> None:
    """Tell what the gathered accounts are; ``own`` has the account and how many others."""
    number, count = own
    at_us = look.terms[AT_US]
    own_us = at_us if number == UNKNOWN else ages.first_us[number]
    new_from, oldest_us, oldest, named = at_us - NEW_ACCOUNT_US, own_us, UNKNOWN, 0
    new = 1 if own_us >= new_from else 0
    for place in range(count):
        other = look.accounts[place]
        first_us = ages.first_us[other]
        new += 1 if first_us >= new_from else 0
        if first_us < oldest_us:
            oldest_us, oldest = first_us, other
        named = _insert(ages.last_us, row, (TOLD, look.terms[MEMBERS]), named, other)
    row[SIZE], row[AGE_US], row[NEW_ACCOUNTS] = count + 1, at_us - oldest_us, new
    row[ID], row[N_MEMBERS] = oldest, named


@compiled
def _values_of(evidence: Evidences, account: int, values: Ints, count: int) -> int:
    """Add the values that an account is linked to, as far as neighbours look."""
    if account >= len(evidence.first_row):
        return count
    row, looked_at, named = evidence.first_row[account], 0, count
    while row >= 0 and looked_at < ACCOUNT_VALUES:
        if evidence.row_account[row] == account:
            value, known = evidence.row_value[row], False
            for place in range(named):
                known = known or values[place] == value
            if not known:
                values[count] = value
                count += 1
        row = evidence.next_of[row]
        looked_at += 1
    return count


@compiled
def _tell_near(
    evidence: Evidences, ages: Ages, look: Look, own: tuple[int, int], row: Ints
) -> None:
    """Tell the neighbours; ``own`` has the account and how many values are looked behind."""
    account, values = own
    named, where = 0, (TOLD + look.terms[MEMBERS], look.terms[NEAR])
    for place in range(values):
        value = look.values[place]
        each = evidence.head[value]
        # Most values have one account: the one that asks.
        if evidence.older[each] < 0 and evidence.row_account[each] == account:
            continue
        if not _links(evidence, look.terms, value, account):
            continue
        while each >= 0:
            other = evidence.row_account[each]
            if other != account:
                named = _insert(ages.last_us, row, where, named, other)
            each = evidence.older[each]
    row[N_NEAR] = named


@compiled
def _insert(last_us: Ints, row: Ints, where: tuple[int, int], count: int, account: int) -> int:
    """Put an account among those seen last, unless it is there; return how many there are.

    ``where`` says where they begin in the row, and how many there may be.
    """
    first, at_most = where
    for place in range(first, first + count):
        if row[place] == account:
            return count
    seen_us = last_us[account]
    if count == at_most:
        if not count or last_us[row[first + count - 1]] >= seen_us:
            return count
        count -= 1
    place = first + count
    while place > first and last_us[row[place - 1]] < seen_us:
        row[place] = row[place - 1]
        place -= 1
    row[place] = account
    return count + 1
