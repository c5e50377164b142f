-- Writes what a group of calls came to, all of it or nothing. This is what grants: the
-- process that calls has worked on a reading that may be out of date, so nothing is taken
-- from it but differences, and each is written only if what it rested on still holds, seen
-- under the locks of the rows written. Else the error PGL01 ends it, and the caller reads again.
--
-- Locks are taken in one order by everybody: guards, then records, then cells, each sorted.
--
-- guards      keys of records that must not be there. Whoever brings one about holds its lock
--             alone, all others together, so that none can come about before they are done.
-- emptied     counters from .. to (exclusive) must be at nothing when all is written: they
--             were moved, and nobody may have charged them since they were read.
-- records     version is the new one; the row must have the one before, 1 makes a new row.
-- cells       differences.
-- bounds      what a counter may come to over its cells after since_us, all differences in.
-- floors      cells in which no less than nothing may be confirmed.
-- Returns the cells 0 that were written, as they are now.
CREATE FUNCTION ledger_write(
    guard_keys text[], guard_alone boolean[], emptied_from text[], emptied_to text[],
    record_keys text[], record_versions bigint[], record_due_us bigint[], record_bytes bytea[],
    cell_counters text[], cell_at_us bigint[], cell_confirmed bigint[], cell_held bigint[],
    bound_counters text[], bound_since_us bigint[], bound_allowed bigint[],
    floor_counters text[], floor_at_us bigint[], at_us bigint
) RETURNS TABLE (counter text, cell_us bigint, confirmed bigint, held bigint, sequence bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    guarded record;
    found_rows bigint;
BEGIN
    IF cardinality(guard_keys) > 0 THEN
        FOR guarded IN
            SELECT hashtextextended(g.key, 0) AS hash, bool_or(g.alone) AS alone
            FROM unnest(guard_keys, guard_alone) AS g (key, alone) GROUP BY 1 ORDER BY 1
        LOOP
            IF guarded.alone THEN
                PERFORM pg_advisory_xact_lock(guarded.hash);
            ELSE
                PERFORM pg_advisory_xact_lock_shared(guarded.hash);
            END IF;
        END LOOP;
        IF EXISTS (SELECT 1 FROM ledger_records r WHERE r.key = ANY (guard_keys)) THEN
            RAISE EXCEPTION 'a cluster has merged' USING ERRCODE = 'PGL01';
        END IF;
    END IF;

    IF cardinality(record_keys) > 0 THEN
        INSERT INTO ledger_records AS old (key, version, due_at_us, record)
        SELECT * FROM unnest(record_keys, record_versions, record_due_us, record_bytes)
            AS new (key, version, due_at_us, record)
        ORDER BY new.key
        ON CONFLICT (key) DO UPDATE
            SET version = excluded.version, due_at_us = excluded.due_at_us,
                record = excluded.record
            WHERE old.version = excluded.version - 1;
        GET DIAGNOSTICS found_rows = ROW_COUNT;
        IF found_rows <> cardinality(record_keys) THEN
            RAISE EXCEPTION 'a record has changed' USING ERRCODE = 'PGL01';
        END IF;
    END IF;

    IF cardinality(cell_counters) > 0 THEN
        INSERT INTO ledger_cells AS old (counter, cell_us, confirmed, held, sequence)
        SELECT new.*, 1 FROM unnest(cell_counters, cell_at_us, cell_confirmed, cell_held)
            AS new (counter, cell_us, confirmed, held)
        ORDER BY new.counter, new.cell_us
        ON CONFLICT (counter, cell_us) DO UPDATE
            SET confirmed = old.confirmed + excluded.confirmed,
                held = old.held + excluded.held, sequence = old.sequence + 1;
        IF EXISTS (
            SELECT 1 FROM unnest(bound_counters, bound_since_us, bound_allowed)
                AS b (counter, since_us, allowed)
            WHERE b.allowed < (
                SELECT coalesce(sum(c.confirmed + c.held), 0) FROM ledger_cells c
                WHERE c.counter = b.counter AND c.cell_us > b.since_us
            )
        ) THEN
            RAISE EXCEPTION 'a limit is used up' USING ERRCODE = 'PGL01';
        END IF;
        IF EXISTS (
            SELECT 1 FROM unnest(floor_counters, floor_at_us) AS f (counter, cell_us)
            JOIN ledger_cells c ON c.counter = f.counter AND c.cell_us = f.cell_us
            WHERE c.confirmed < 0
        ) THEN
            RAISE EXCEPTION 'more is taken off than is confirmed' USING ERRCODE = 'PGL01';
        END IF;
    END IF;

    IF EXISTS (
        SELECT 1 FROM unnest(emptied_from, emptied_to) AS e (from_counter, to_counter)
        JOIN ledger_cells c ON c.counter >= e.from_counter AND c.counter < e.to_counter
        WHERE c.confirmed <> 0 OR c.held <> 0
    ) THEN
        RAISE EXCEPTION 'a counter that was moved has changed' USING ERRCODE = 'PGL01';
    END IF;

    UPDATE ledger_clock SET now_us = at_us WHERE one = (
        SELECT c.one FROM ledger_clock c WHERE c.now_us < at_us - 1000000 FOR UPDATE SKIP LOCKED
    );

    RETURN QUERY SELECT c.counter, c.cell_us, c.confirmed, c.held, c.sequence
        FROM unnest(cell_counters, cell_at_us) AS w (counter, cell_us)
        JOIN ledger_cells c ON c.counter = w.counter AND c.cell_us = w.cell_us
        WHERE c.cell_us = 0;
END
$$;
