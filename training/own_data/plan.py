"""What is computed for every event of a data set, chosen from its past and kept with the run.

Everything here is decided on events before the end of training: which keys have a history,
over which windows, which pairs and links, which levels a category has. The same plan makes
the model inputs of training and of any later evaluation.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

SHRINK_LABELS = 10.0


class TextKind(StrEnum):
    """What the texts of a field are."""

    E_MAIL = "e_mail"
    IP = "ip"
    FREE = "free"
    DIGITS = "digits"
    OPAQUE = "opaque"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyPlan(_Part):
    """The history of one key.

    ``full`` keys are the declared entities; the others (categories, e-mail domains, networks)
    get counts and label rates only. ``distinct`` names the fields counted distinct.
    """

    field: str
    full: bool
    windows: tuple[str, ...]
    label_windows: tuple[str, ...]
    distinct: tuple[str, ...] = ()


class PairPlan(_Part):
    """The history of two keys together; ``labels`` tells whether with label rates."""

    first: str
    second: str
    windows: tuple[str, ...]
    labels: bool


class LinkPlan(_Part):
    """Other keys of field ``over`` that were lately seen with this event's ``key``."""

    key: str
    over: str


class RolePlan(_Part):
    """Whose value stands in ``field`` was seen before in the field of ``key``, in another role.

    Two fields may name the same things: the account that pays and the one that is paid. Then
    the history that ``key`` tells of the one role is read for whoever is in the other.
    """

    field: str
    key: KeyPlan

    @property
    def name(self) -> str:
        """Name of that history among the inputs: ``payer.as_payee``."""
        return f"{self.field}.as_{self.key.field}"


class StepPlan(_Part):
    """A key and a category whose levels are what the key did: one after the other."""

    key: str
    category: str


class CategoryPlan(_Part):
    """Levels of a category, most frequent first; ``coded`` when few enough to be an input."""

    name: str
    levels: tuple[str, ...]
    coded: bool


class NumberPlan(_Part):
    """A numeric attribute; ``scale`` turns it into whole numbers for sums."""

    name: str
    scale: float


class DifferencePlan(_Part):
    """Two numbers of one unit."""

    first: str
    second: str


class SumPlan(_Part):
    """Two numbers that often add up to a third one.

    ``shares`` tells whether what is left over is also seen as a share of either; a run of before
    has not.
    """

    first: str
    second: str
    whole: str
    shares: bool = False


class AgePlan(_Part):
    """A number that grows with time and so parts a key into those who share it.

    ``unit_us`` is the length of what it counts.
    """

    key: str
    number: str
    unit_us: int

    @property
    def field(self) -> str:
        """Name of the parted key: ``card.since_days``."""
        return f"{self.key}.since_{self.number}"


class FeaturePlan(_Part):
    """All of it.

    Parameters
    ----------
    texts
        What the texts of each field are; e-mail addresses and IPs have derived keys.
    prior
        Share of positives among the labels known at the training cut; rates shrink to it.
    """

    has_amount: bool
    texts: dict[str, TextKind]
    keys: tuple[KeyPlan, ...]
    pairs: tuple[PairPlan, ...]
    links: tuple[LinkPlan, ...]
    categories: tuple[CategoryPlan, ...]
    numbers: tuple[NumberPlan, ...]
    history_numbers: tuple[str, ...]
    prior: float
    # Of few numbers all differences are inputs; a run of before knew no others.
    differences: tuple[DifferencePlan, ...] = ()
    # Nor any numbers that add up.
    sums: tuple[SumPlan, ...] = ()
    # A run of before there were ages has none.
    ages: tuple[AgePlan, ...] = ()
    # Nor had it looked for entities in two roles.
    roles: tuple[RolePlan, ...] = ()
    habits: bool = False
    steps: tuple[StepPlan, ...] = ()
    # Whether what is missing is counted; a run of before has not decided, but its models have.
    missing: bool | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that any history needs, each once."""
        named = [field for key in self.keys for field in (key.field, *key.distinct)]
        named += [field for pair in self.pairs for field in (pair.first, pair.second)]
        named += [field for link in self.links for field in (link.key, link.over)]
        named += [field for role in self.roles for field in (role.field, role.key.field)]
        return tuple(dict.fromkeys(named))
