"""Names of the words that the compiled loops work on; imported as ``at``.

A block holds one record: a head; times last seen, latest values, and of each map its size
and its room; from ``STARTS`` of its plan on the starts of tiles; the rows (one more than
starts); the tiles and values of each map.
"""

# A block's head: greatest stamp, starts, room for starts, words of the block.
STAMP, ROWS, ROOM, WORDS, HEAD = 0, 1, 2, 3, 4

# An event: when it reads, its stamp (0: it does not count), its time, filter bits, columns, hashes.
READ_US, APPLIED_US, TAU_US, BITS, COLUMNS = 0, 1, 2, 3, 4

# A plan: sizes, then of each list of descriptors its length and where it stands.
(
    VERSION, ANY_BIT, TILE, FIRST_OUT, OUTS, HASHES, STARTS,
    N_TOTALS, TOTALS, N_TOTAL_READS, TOTAL_READS, N_TIMED, TIMED,
    N_MAPS, MAPS, N_DISTINCT, DISTINCT,
    N_SEEN, SEEN, N_SINCE, SINCE, N_LASTS, LASTS, N_LAST_READS, LAST_READS,
    PLAN,
) = range(26)  # fmt: skip

# A window: its tile in 10 s, how many tiles it reaches back.
WIDTH, LENGTH = 0, 1

# The memory's own figures: the first word never used, the next cell of a group's work,
# records that the group has changed, then the first free block of each size.
TAIL, CELL, TOUCHED, FREE = 0, 1, 2, 8
SIZES = 400

# What is done with a group: order attempts read and count, other events count, both for
# the group alone; events of the log count for all, where they do not already.
OBSERVE, COUNT, REPLAY = 0, 1, 2
