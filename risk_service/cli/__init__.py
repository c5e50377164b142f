"""The console command ``risk``: options in, a use case called, text or JSON out.

``main`` joins all commands; each has a module of its name. Commands that call a running service
share ``remote``; those that read a state directory wire their reader in ``risk_service.bootstrap``.
``*_text`` and ``*_words`` hold what a command prints, ``help`` the pages in Chinese.
"""
