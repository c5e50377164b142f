"""The windows of every read of a log, and of any key at any time.

The same numbers that the online record of each entity gives, to the last digit; the tests
replay the records as the referee. Linear in the events; a hot entity costs no more per
event than a cold one, but all of an entity is computed in one piece.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.features.windows.terms import WindowSet
from training.progress import Progress, silent
from training.windows.group import GroupPlan, filter_bits, key_numbers, keys_of, plan_group
from training.windows.group_values import (
    PART_EVENTS,
    THREADS,
    Block,
    Effort,
    group_values,
    row_bytes,
)
from training.windows.log import EventLog, Int64s
from training.windows.part import GroupLog, Reads
from training.windows.scratch import ScratchBlocks, as_columns
from training.words import fault

# A group of more features is computed in several turns, so that memory holds so much of them.
BLOCK_BYTES = 1 << 30


def groups_done(window_set: WindowSet, tell: Progress, step: str) -> Progress:
    """Return a progress for ``build_windows`` that tells the groups that are done as one step."""
    names = [group.name for group in window_set.groups]

    def report(name: str, _done: int, _total: int) -> None:
        tell(step, names.index(name) if name in names else len(names), len(names))

    return report


def build_windows(
    log: EventLog,
    window_set: WindowSet,
    out: Path,
    *,
    progress: Progress = silent,
    part_events: int = PART_EVENTS,
    threads: int = THREADS,
) -> Path:
    """Write the windows of every read of the log as one Parquet file.

    Columns are ``event_id`` and every feature (float64, NaN missing) in the order of
    ``window_set.names``; one row per read, in the order of the log. The file appears whole
    or not at all.

    Parameters
    ----------
    progress
        Called with the key group (or ``write``), and what is done of how much.
    part_events
        Events of a hash part, which bounds the memory of a thread.

    Raises
    ------
    ConfigFault
        ``out`` cannot be written.
    """
    effort = Effort(part_events=part_events, threads=threads)
    bits, events = filter_bits(log, window_set), log.reads
    with _scratch_beside(out) as directory:
        scratch = ScratchBlocks(directory)
        for number, group in enumerate(window_set.groups):
            for plan in _turns(plan_group(window_set, number), len(events)):
                source = GroupLog(log=log, plan=plan, bits=bits)
                block = _of_events(source, events, effort, _stage(progress, group.name))
                scratch.put(plan.features, block)
        ids = log.event_id.take(pa.array(events))
        scratch.write(directory / out.name, ids, _stage(progress, "write"))
        os.replace(directory / out.name, out)
    return out


def read_at(
    log: EventLog, window_set: WindowSet, group: int, keys: Int64s, r_us: Int64s
) -> NDArray[np.float64]:
    """Return the windows of any keys at any times, shape (reads, features of the group).

    Parameters
    ----------
    group
        Number of the key group.
    keys
        Hash of each key's field, 0 where it is missing; shape (reads, 2) for pairs.
    r_us
        When each key is read, in any order; it sees what arrived before.
    """
    plan = plan_group(window_set, group)
    source = GroupLog(log=log, plan=plan, bits=filter_bits(log, window_set))
    fields = keys.reshape(len(r_us), len(plan.keys)).T
    reads = Reads(keys=key_numbers([np.ascontiguousarray(one) for one in fields]), at_us=r_us)
    block = _in_any_order(source, reads, Effort(), lambda _done, _total: None)
    return np.stack(as_columns(plan.features, block), axis=1)


def _turns(plan: GroupPlan, reads: int) -> Iterator[GroupPlan]:
    """Yield the plan in shares of its features whose values fit into ``BLOCK_BYTES``."""
    width = max(1, len(plan.features) * BLOCK_BYTES // (1 + reads * row_bytes(plan.features)))
    for start in range(0, len(plan.features), width):
        yield replace(plan, features=plan.features[start : start + width])


def _of_events(
    source: GroupLog, events: Int64s, effort: Effort, done: Callable[[int, int], None]
) -> Block:
    """Return the features of events that read, one row each."""
    log, plan = source.log, source.plan
    _, _, read_us = log.times(plan.number)
    reads = Reads(keys=keys_of(log, plan.keys, events), at_us=read_us[events])
    return _in_any_order(source, reads, effort, done)


def _in_any_order(
    source: GroupLog, reads: Reads, effort: Effort, done: Callable[[int, int], None]
) -> Block:
    """Return the features of reads whose times may go back and forth."""
    if np.all(reads.at_us[1:] >= reads.at_us[:-1]):
        return group_values(source, reads, effort, done)
    order = np.argsort(reads.at_us, kind="stable").astype(np.int32)
    ordered = Reads(keys=reads.keys[order], at_us=reads.at_us[order])
    block = group_values(source, ordered, effort, done)
    back = np.empty_like(order)
    back[order] = np.arange(order.size, dtype=np.int32)
    return block.take(back)


def _stage(tell: Progress, name: str) -> Callable[[int, int], None]:
    return lambda done, total: tell(name, done, total)


@contextmanager
def _scratch_beside(out: Path) -> Iterator[Path]:
    """Yield a directory on the disk of ``out``, removed at the end."""
    directory = out.parent / f".{out.name}.partial-{os.getpid()}"
    try:
        directory.mkdir(parents=True)
        yield directory
    except OSError as error:
        told = fault("unwritable", path=out, error=error.strerror or error)
        raise ConfigFault(told) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)
