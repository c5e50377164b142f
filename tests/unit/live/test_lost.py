"""What may have been lost is not taken to be lost, and not to be there either."""

from pathlib import Path

import pytest

from risk_service.adapters.sqlite.lost import refuse_lost_governance, refuse_lost_log
from risk_service.domain.errors import ConfigFault

# Longer than any file system takes.
NO_NAME = "d" * 5000


def test_a_file_that_cannot_be_looked_at_is_a_fault_of_the_setting(tmp_path: Path) -> None:
    """It says which path and why, as every start that is refused does."""
    with pytest.raises(ConfigFault, match=f"{NO_NAME[:20]}.*: File name too long"):
        refuse_lost_log(tmp_path / NO_NAME)
    with pytest.raises(ConfigFault, match="File name too long"):
        refuse_lost_governance(tmp_path / NO_NAME, tmp_path / "lock")
