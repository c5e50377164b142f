"""Velocity windows: one declaration, one meaning online and offline (docs/windows.md).

``tiles`` holds the formulas of time, ``declaration`` and ``windows.toml`` what is counted,
``plan`` the compiled form, ``record`` what an entity keeps, ``order_event`` the events of
the promotion service. All but the last know nothing of orders.
"""
