"""Purchase limits: policies as data, what an order asks of them, and reservations.

``policy`` is one limit, ``parse`` and ``reading`` make it from a file, ``book`` holds those in
force. An order becomes a ``demand``, ``claims`` says which counters it concerns, and ``weigh`` how
much of it they allow. ``calls`` is the door to all changes of a reservation: ``holding``,
``paying``, ``giving_back`` and ``adjusting`` are pure functions over a ``draft``, which the ledgers
in ``adapters`` make durable.
"""
