"""``python -m risk_service.cli`` is the ``risk`` command."""

from risk_service.cli.main import main

main()
