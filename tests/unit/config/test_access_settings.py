"""Each store has the same settings of who the service is to its server."""

import pytest

from risk_service.config import Settings, load_settings
from risk_service.domain.errors import ConfigFault
from risk_service.server_access import Access, access_of
from tests.unit.config.test_settings import FILES

STORES = ("windows", "features", "ledger", "admission")


@pytest.mark.parametrize("name", STORES)
def test_each_store_takes_user_password_and_files(name: str) -> None:
    """From the environment, and no text shows the password."""
    given = {
        "user": "u", "password": "geheim", "tls_authority": "a.pem", "tls_certificate": "c.pem",
        "tls_key": "k.pem",
    }  # fmt: skip
    environment = {f"RISK_{name}_{key}".upper(): value for key, value in given.items()}
    settings = load_settings(FILES, environment)
    access = access_of(settings, name)
    assert (access.user, access.password, str(access.tls_key)) == ("u", "geheim", "k.pem")
    assert "geheim" not in repr(settings) + repr(access)
    for other in set(STORES) - {name}:
        assert access_of(settings, other) == Access(name=other)


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tls_key": "k"}, "{0}_tls_certificate and {0}_tls_key go together"),
        ({"tls_authority": "a", "tls_certificate": "c"}, "{0}_tls_certificate and {0}_tls_key go"),
        ({"tls_key": "k", "tls_certificate": "c"}, "{0}_tls_certificate needs {0}_tls_authority"),
    ],
)
def test_half_of_them_is_refused_by_name(name: str, given: dict[str, str], words: str) -> None:
    """A certificate without its key, or shown to nobody in particular."""
    options = FILES | {f"{name}_{key}": value for key, value in given.items()}
    with pytest.raises(ConfigFault, match=words.format(name)):
        load_settings(options, {})


def test_addresses_may_ask_for_tls() -> None:
    """``rediss`` is what other clients of Redis call it."""
    settings = load_settings({**FILES, "windows": "rediss://a:1", "admission": "rediss://b:2"}, {})
    assert isinstance(settings, Settings)
    assert (settings.windows, settings.admission) == ("rediss://a:1", "rediss://b:2")
