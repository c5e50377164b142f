"""The cost table: what abuse, friction and handling cost, per abuse and action."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from risk_service.domain.vocabulary import Abuse, Outcome
from training.train.table_file import read_table
from training.words import WrongValue

DEFAULT_COSTS = Path(__file__).with_name("costs.toml")
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

# Mild to harsh, as in domain.vocabulary.Outcome.
ACTIONS: dict[str, Outcome] = {
    "limit_quantity": Outcome.LIMIT_QUANTITY,
    "challenge": Outcome.CHALLENGE,
    "review": Outcome.REVIEW,
    "deny": Outcome.DENY,
}


class ActionCost(BaseModel):
    """Cost of one action; the meaning of each field is explained in costs.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    residual_share: Share
    friction_share: Share
    handling_minor: Annotated[int, Field(ge=0)]
    max_honest_share: Share


class AbuseCost(BaseModel):
    """Loss of one abuse and the actions against it, mild to harsh."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loss_share: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
    actions: dict[Literal["limit_quantity", "challenge", "review", "deny"], ActionCost] = Field(
        min_length=1
    )

    @model_validator(mode="after")
    def _harsher_must_help_more(self) -> Self:
        names = [name for name in ACTIONS if name in self.actions]
        for mild, harsh in pairwise(names):
            a, b = self.actions[mild], self.actions[harsh]
            if b.residual_share >= a.residual_share or b.friction_share <= a.friction_share:
                raise WrongValue.of("harsher_action", harsh=harsh, mild=mild)
            if b.max_honest_share > a.max_honest_share:
                raise WrongValue.of("harsher_share", harsh=harsh, mild=mild)
        return self


class CostTable(BaseModel):
    """The whole table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1]
    review_budget_per_day: Annotated[int, Field(ge=1)]
    scalping: AbuseCost
    brushing: AbuseCost
    refund: AbuseCost

    def of(self, abuse: Abuse) -> AbuseCost:
        """Return the costs of one abuse."""
        found: AbuseCost = getattr(self, abuse.value)
        return found


def load_costs(path: Path = DEFAULT_COSTS) -> CostTable:
    """Read and check a cost table.

    Raises
    ------
    ConfigFault
        The file cannot be read or breaks a rule; names the entry.
    """
    return read_table(path, CostTable)
