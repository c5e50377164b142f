"""Each input alone: what ranks too well by itself was perhaps not known when the event happened."""

import numpy as np

from training.measures.leaks import FeatureAuc, ranked_alone
from training.own_data.learning.learn import Learning, some

LEAK_SAMPLE = 20_000


def inputs_alone(learning: Learning) -> tuple[FeatureAuc, ...]:
    """Return every input with its AUC alone on training rows, strongest first.

    All positives are looked at, one input at a time: a thousand inputs of them at once would
    outgrow the memory.
    """
    chosen = some(np.arange(len(learning.at)), learning.label, LEAK_SAMPLE, learning.seed)
    rows, inputs = learning.at[chosen], learning.inputs
    columns = (
        (name, inputs.matrix(rows, (name,))[:, 0].astype(np.float64)) for name in inputs.columns
    )
    return ranked_alone(learning.label[chosen], columns)
