"""The model inputs of a stored record, whichever way it keeps them."""

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import DataFault
from risk_service.domain.text import LocalizedText
from risk_service.features.packing import unpacked

# As records of before keep them.
FLOATS = np.dtype("<f8")


def inputs_of(record: DecisionRecord) -> NDArray[np.float64]:
    """Return the model inputs that a decision rests on, in the order of its schema.

    Raises
    ------
    DataFault
        They are damaged; names the decision.
    """
    try:
        if record.vector:
            return np.frombuffer(record.vector, FLOATS)
        return unpacked(record.inputs)
    except ValueError as error:
        words = LocalizedText(
            zh="保存的模型输入已损坏", en=f"the model inputs that were kept are damaged: {error}"
        )
        raise DataFault(f"decision {record.decision.decision_id}", None, words) from error
