"""The gRPC edge: decodes, validates, gathers, converts. It decides nothing.

A call enters through ``calls`` and ``edge`` (gate, actor, deadline, errors) and reaches a servicer:
``servicer``, ``claims_servicer``, ``limits_servicer``, ``admin``. Handlers of orders only queue:
``gather`` forms the group, and ``desk`` turns its bytes into attempts and decisions into bytes.
``constraints`` is the table of what messages may hold, which ``screen`` and ``validate``
apply; ``convert`` and its neighbours write messages.
"""
