"""For whom the deciding thread waited, from the kernel's record of who ran when."""

from tests.bench.waits import waits_of

NAMES = {7: "MainThread", 8: "counters"}


def switch(at_s: float, before: int, state: str, after: int, name: str = "python") -> str:
    """Return a line of perf: the core goes from one thread to another."""
    told = f"prev_comm=python prev_pid={before} prev_prio=120 prev_state={state}"
    return f"[000] {at_s:.6f}: sched:sched_switch: {told} ==> next_comm={name} next_pid={after} p"


def wakeup(at_s: float, thread: int) -> str:
    """Return a line of perf: a thread is due."""
    return f"[001] {at_s:.6f}: sched:sched_wakeup: comm=python pid={thread} prio=120 target_cpu=000"


def test_time_in_which_it_was_due_counts_by_who_ran() -> None:
    """Sleep is no wait; a wait may have several who ran; another core does not count."""
    lines = [
        switch(1.000, 7, "S", 8),
        wakeup(1.002, 8),
        wakeup(1.010, 7),
        switch(1.013, 8, "R+", 99, name="a b"),
        wakeup(1.014, 7),
        switch(1.015, 99, "S", 7),
        switch(1.020, 7, "R", 8),
        switch(1.020, 5, "S", 6).replace("[000]", "[001]"),
        switch(1.021, 8, "S", 7),
        "lost events",
    ]
    waits = waits_of(lines, 0, NAMES).by_name
    found = {name: [round(one, 3) for one in times] for name, times in waits.items()}
    assert found == {"counters": [3.0, 1.0], "not of Python: a b": [2.0]}
