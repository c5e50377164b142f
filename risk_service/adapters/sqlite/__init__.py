"""The files of a state directory in SQLite; nothing here decides.

The log is one file with one writer: ``decisions`` and ``decision_rows``, ``events``,
``assessments``, ``verifications`` and the reservations of the ``ledger`` share its transaction
(tables in ``schema``). Beside it lie files that can be made again from the log: ``key_index`` and
``event_keys`` find its rows, ``counters`` has the usage of limits. ``governance`` is a second file
with what people change: ``publications``, ``list_store``, ``adjustments``. ``read_only``,
``record_pages`` and ``person_log`` read beside a running service.
"""
