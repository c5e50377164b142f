"""The rules that ship with the service, one file per topic."""
