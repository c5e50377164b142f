"""Records as blocks of one int64 array, read and changed by compiled loops (ADR 107).

``features.windows.record`` says what the
numbers are; this says the same faster, and reads and writes the same packed form.
"""
