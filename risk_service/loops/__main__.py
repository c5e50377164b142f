"""Compiles all loops ahead of the first start: ``python -m risk_service.loops``."""

from risk_service.loops import forest, packing, screen, vector

if __name__ == "__main__":
    forest.compile_now()
    packing.compile_now()
    screen.compile_now()
    vector.compile_now()
