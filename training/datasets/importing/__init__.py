"""Import of a shop's own events: a mapping and a file in, a described set of events out.

``run`` is the use case. ``mapping`` and ``specs`` are the mapping file, ``source_file`` opens the
data (``csv_file``, ``parquet_file``). ``convert`` turns batches into checked columns with the help
of ``times``, ``numbers`` and ``label_column``; ``faults`` collects rows that cannot be read.
``assemble`` makes events of rows, ``write`` stores them, ``describe`` says what was done.
``guess`` writes a first mapping for a file.
"""
