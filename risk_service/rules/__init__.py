"""Rules in CEL and lists: what analysts write, checked, published and taken back.

``rule_file`` is the form of a file and ``parse`` reads it; ``checks`` and ``expression`` compile
the condition over ``variables``. ``rule_set`` holds the rules in force, ``order_values`` the values
of an order, and ``group_match`` evaluates all rules over a group of orders. Faults are made in
``faults`` and worded in ``wording``, ``form_words`` and ``engine_words``. ``lists`` is a package
of its own.
"""
