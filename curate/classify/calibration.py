"""From what a classifier says of itself to the share of such answers that are right."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

TRUST = (
    20.0  # answers that were checked weigh as much as what is known beforehand from this many on
)
_LEAST, _MOST = 1e-4, 1 - 1e-4


class Curve(msgspec.Struct, frozen=True):
    """Platt scaling (1999) of a chance: logistic in its log odds."""

    slope: float
    offset: float

    def at(self, chance: float) -> float:
        """How many of the answers given with this chance are right, 0..1."""
        odds = min(max(chance, _LEAST), _MOST)
        score = self.slope * log(odds / (1 - odds)) + self.offset
        return 1 / (1 + exp(-score))

    def back(self, share: float) -> float:
        """The chance from which on at least ``share`` of the answers are right."""
        share = min(max(share, _LEAST), _MOST)
        score = (log(share / (1 - share)) - self.offset) / self.slope
        return 1 / (1 + exp(-min(max(score, -30.0), 30.0)))


WORDS = Curve(1.1, 0.85)
"""For what words alone say: fitted to 58 sections of Debian descriptions, and cautious for the seven
topics of SIB-200, where fewer categories share a word."""

UNCHECKED = Curve(0.33, 0.0)
"""For a model that nobody has corrected yet: between what SIB-200's training sentences and Debian descriptions
ask for, so too modest for the one by a tenth and right for the other."""


def fitted(chances: Reals, right: NDArray[np.bool_], weights: Reals) -> Curve:
    """The curve of answers that were checked, drawn towards ``UNCHECKED`` while they are few.

    Maximum a posteriori by Newton's method; ``weights`` of the answers sum to their number.
    """
    import numpy as np

    odds = np.clip(chances, _LEAST, _MOST)
    design = np.stack([np.log(odds / (1 - odds)), np.ones_like(odds)], axis=1)
    before = np.array([UNCHECKED.slope, UNCHECKED.offset])
    prior = np.diag([TRUST, TRUST / 4])
    found = before.copy()
    for _ in range(20):
        said = 1 / (1 + np.exp(-(design @ found)))
        slope = design.T @ (weights * (said - right)) + prior @ (found - before)
        curvature = (design * (weights * said * (1 - said))[:, None]).T @ design + prior
        found = found - np.linalg.solve(curvature, slope)
    return Curve(round(max(float(found[0]), 0.05), 4), round(float(found[1]), 4))
