"""The reservation ledger in PostgreSQL, shared by all processes.

Begin with ``ledger``. ``prefetch`` works out which rows a group of calls will read, ``reading``
reads them in one statement, ``optimistic`` runs the moves of ``risk_service.limits`` on them, and
``bounded`` writes the result if nothing that it rests on has changed. ``admission`` asks Redis
first. ``connection`` and ``opening`` hold the connection, ``migrate`` the tables.
"""
