"""What crashes LightGBM crashes a throwaway process, and the service hears why."""

import os
import sys

import numpy as np
import pytest

from risk_service.domain.errors import BundleRefused
from risk_service.domain.vocabulary import Abuse
from risk_service.models.quarantine import Quarantine, Suspect
from risk_service.models.runtime import Booster
from tests.fixtures.bundle_maker import SCHEMA, rows, trained

TEXT = trained(Abuse.SCALPING, "full").text
ALL = tuple(range(len(SCHEMA.names)))


def run(text: str, timeout_s: float = 30.0) -> dict[str, list[float]]:
    """Try one model in quarantine."""
    with Quarantine(timeout_s=timeout_s) as quarantine:
        return quarantine.run({"m.txt": Suspect(text=text.encode(), columns=ALL)}, rows()[:8])


def test_it_returns_the_scores_of_this_process() -> None:
    """The child's raw scores are those of the parent, bit by bit."""
    assert run(TEXT)["m.txt"] == Booster(TEXT.encode()).predict_matrix(rows()[:8]).tolist()


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("left_child=", "left_child=999999 ", 1),
        TEXT[: TEXT.index("leaf_value=") + 15],
        TEXT.replace("split_feature=", "split_feature=99999999 ", 1),
    ],
    ids=["child out of range", "cut inside a tree", "feature out of range"],
)
def test_a_poisoned_text_is_refused_without_harm(text: str) -> None:
    """Texts that abort or fault the C library end the child, not this process."""
    with pytest.raises(BundleRefused) as caught:
        run(text)
    assert caught.value.check == "quarantine"


def test_an_error_of_the_library_is_told() -> None:
    """LightGBM's own error string reaches the refusal, with the file's name."""
    with pytest.raises(BundleRefused) as caught:
        run("not a model")
    assert caught.value.file == "m.txt"
    assert "number of classes" in str(caught.value)


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """A model that never answers is refused after the timeout, and the child is gone."""
    script = os.path.join(str(tmp_path), "hangs")
    with open(script, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexec sleep 60\n")
    os.chmod(script, 0o700)
    monkeypatch.setattr(sys, "executable", script)
    with pytest.raises(BundleRefused, match="did not answer within"):
        run(TEXT, timeout_s=0.2)


def test_rows_of_missing_values_pass_through() -> None:
    """NaN in the golden rows reaches the child as NaN."""
    empty = np.full((1, len(ALL)), np.nan)
    with Quarantine() as quarantine:
        answer = quarantine.run({"m.txt": Suspect(text=TEXT.encode(), columns=ALL)}, empty)
    assert answer["m.txt"] == Booster(TEXT.encode()).predict_matrix(empty).tolist()
