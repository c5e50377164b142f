"""What the simulator knows of the orders that the demo streams."""

from dataclasses import dataclass

CAMOUFLAGE = "camouflage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the simulator knows of one order; ``abuse`` is empty where there is none."""

    abuse: str
    strategy: str
    persona: str

    @property
    def honest(self) -> bool:
        """Tell whether an honest customer placed the order."""
        return not self.abuse and self.persona != CAMOUFLAGE
