"""What ``--help`` and click's own faults say in Chinese (docs/adr/0151).

The English stands where commands declare it. Each command has a file here, or in the same place of
the package that it comes from, with both languages of its texts, keyed by the words that call the
command and by the name of the parameter. Only the file of the command that is asked for is read.
"""
