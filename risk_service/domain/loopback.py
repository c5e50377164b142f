"""Which addresses stay within this machine."""

from ipaddress import ip_address


def is_loopback(address: str) -> bool:
    """Tell whether only this machine can reach ``host:port``; in doubt it is not so."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
