-- What the ledger knows, by key: a reservation, an adjustment, the cluster of an account.
-- version counts its changes; due_at_us is when something becomes of it by itself.
CREATE TABLE ledger_records (
    key text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    due_at_us bigint,
    record bytea NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX ledger_records_due ON ledger_records (due_at_us) WHERE due_at_us IS NOT NULL;

-- Counters: what is used up is confirmed + held, over the cells that count. A rolling window
-- has a cell -1 besides, which says nothing and is locked for all of them. sequence counts
-- the changes of a row. Only columns outside the index change, so rows are updated in place.
CREATE TABLE ledger_cells (
    counter text COLLATE "C" NOT NULL,
    cell_us bigint NOT NULL,
    confirmed bigint NOT NULL,
    held bigint NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (counter, cell_us)
) WITH (fillfactor = 70);

-- The greatest time that the ledger was told, to about a second.
CREATE TABLE ledger_clock (one int PRIMARY KEY CHECK (one = 1), now_us bigint NOT NULL);
INSERT INTO ledger_clock VALUES (1, 0);
