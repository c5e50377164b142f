"""The use cases of a decision: order, challenge, policy, reasons, record.

Begin with ``pipeline``, which takes a group of orders through all steps: ``repeats`` and ``cases``
(what was answered before), ``scoring`` and ``live`` (features, models, windows), ``findings``
(lists and rules), ``policy`` (one outcome), ``limiting`` (reservations) and ``records``.
``reasons`` and ``cause_reasons`` say the outcome to people. ``refunds``, ``benefits`` and
``real_names`` decide claims, promotion actions and verifications on what ``assessing`` shares;
``replay`` decides stored decisions again, ``person`` and ``flagged`` look them up.
"""
