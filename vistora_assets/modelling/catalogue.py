"""The catalogue: every baseline and candidate by name, with its parameters.

Holds the one list of models that a training runs, and their hash. Add a line when a model is to be
run always. What must not go here: the models themselves, and any choice between them.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sklearn.base import BaseEstimator

from vistora_assets.modelling.baselines import (
    MeanSpend,
    PreviousPeriod,
    SameSeasonLastYear,
    SeedLinearRegression,
    ZeroSpend,
)
from vistora_assets.modelling.btyd import BTYDSpend
from vistora_assets.modelling.candidates import (
    BlendedSpend,
    BoostedSpend,
    TweedieSpend,
)

Role = Literal["baseline", "candidate"]


@dataclass(frozen=True)
class ModelSpec:
    """A model of the catalogue: its name, what it is for, its class and its parameters."""

    name: str
    role: Role
    estimator: type[BaseEstimator]
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def build(self, *, horizon_days: int, seed: int, label_days: int | None = None) -> Any:
        """Return the unfitted estimator; lengths and seed go to those that have such parameters.

        The type is Any because scikit-learn has no name for "has fit and predict".
        """
        model = self.estimator(**self.parameters)
        known = model.get_params(deep=False)
        shared = {
            "horizon_days": horizon_days,
            "label_days": horizon_days if label_days is None else label_days,
            "random_state": seed,
        }
        return model.set_params(**{k: v for k, v in shared.items() if k in known})

    def digest(self) -> str:
        """Return the SHA-256 of name, class and parameters, in hexadecimal."""
        text = json.dumps(
            [self.name, self.estimator.__name__, dict(self.parameters)],
            sort_keys=True,
        )
        return hashlib.sha256(text.encode()).hexdigest()


BASELINES: Final[tuple[ModelSpec, ...]] = (
    ModelSpec("zero", "baseline", ZeroSpend),
    ModelSpec("mean", "baseline", MeanSpend),
    ModelSpec("previous_period", "baseline", PreviousPeriod),
    ModelSpec("same_season_last_year", "baseline", SameSeasonLastYear),
    ModelSpec("seed_linear_regression", "baseline", SeedLinearRegression),
    ModelSpec("bg_nbd_gamma_gamma", "baseline", BTYDSpend, {"purchases": "bg_nbd"}),
    ModelSpec("pareto_nbd_gamma_gamma", "baseline", BTYDSpend, {"purchases": "pareto_nbd"}),
)

NAIVE: Final = ("mean", "previous_period", "seed_linear_regression")
"""The baselines that the gate asks a challenger to beat."""

REFERENCE: Final = "bg_nbd_gamma_gamma"
"""The baseline that selection measures against: the strongest that has no parameters to choose."""

CANDIDATES: Final[tuple[ModelSpec, ...]] = (
    ModelSpec(
        "btyd_all_days",
        "candidate",
        BTYDSpend,
        {"purchases": "bg_nbd", "spend_days": "all"},
    ),
    ModelSpec("poisson_boosting", "candidate", BoostedSpend, {"loss": "poisson"}),
    ModelSpec("hurdle_boosting", "candidate", BoostedSpend, {"loss": "hurdle"}),
    ModelSpec("root_boosting", "candidate", BoostedSpend, {"loss": "root"}),
    ModelSpec("tweedie_linear", "candidate", TweedieSpend),
    # Alone, the correction takes the level of past seasons along; half of it, held to the total,
    # keeps the order that it learned.
    ModelSpec(
        "corrected_btyd",
        "candidate",
        BlendedSpend,
        {"share": 0.5, "boosters": ("corrected",), "seasonal": True},
    ),
    ModelSpec("stack_seasonal", "candidate", BlendedSpend, {"share": None, "seasonal": True}),
    ModelSpec("blend", "candidate", BlendedSpend),
    ModelSpec("blend_seasonal", "candidate", BlendedSpend, {"seasonal": True}),
)

DEFAULT: Final = "blend_seasonal"
"""What is chosen unless another is reliably better, as where the history is too short to tell."""

MODELS: Final[tuple[ModelSpec, ...]] = (*BASELINES, *CANDIDATES)


def variations(budget: int, seed: int) -> tuple[ModelSpec, ...]:
    """Return the search: so many seeded draws of the default's parameters, as candidates.

    They stand before selection like every other candidate, and the default is kept unless one of
    them is reliably better; each costs a fit at every evaluated cutoff.
    """
    default = next(spec for spec in CANDIDATES if spec.name == DEFAULT)
    rng = random.Random(seed)  # noqa: S311 - a search, not a secret
    boosters = ("poisson", "hurdle", "root", "corrected")
    drawn: list[ModelSpec] = []
    for number in range(1, budget + 1):
        chosen = rng.sample(boosters, k=rng.randint(1, len(boosters)))
        changed = {
            "share": round(rng.uniform(0.2, 0.7), 2),
            "reach": round(rng.uniform(1.5, 4.0), 1),
            "boosters": tuple(name for name in boosters if name in chosen),
        }
        drawn.append(
            ModelSpec(
                f"{DEFAULT}_{number}",
                "candidate",
                default.estimator,
                {**default.parameters, **changed},
            )
        )
    return tuple(drawn)


def catalogue_digest(models: Sequence[ModelSpec] = MODELS) -> str:
    """Return the SHA-256 over the digests of all models, in their order."""
    return hashlib.sha256("".join(spec.digest() for spec in models).encode()).hexdigest()
