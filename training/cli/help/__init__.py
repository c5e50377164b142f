"""What ``--help`` of the offline commands says in Chinese: a file for each command."""
