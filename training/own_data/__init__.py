"""Training on a shop's own events: histories, label rates and links without any code.

From the declared entities follow windows (``plan``, ``history``), matured label rates, pairs
and links (``links``), the event's own columns (``columns``), all as of each event (``inputs``);
the model is fitted, calibrated and measured with the code of the promotion models.
"""
