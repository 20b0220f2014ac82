"""The catalogue names every model once, and a changed parameter is another identity."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import (
    check_estimator_cloneable,
    check_estimator_repr,
    check_get_params_invariance,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
)

from vistora_assets.modelling.btyd import BetaGeometricNBD, GammaGamma, ParetoNBD
from vistora_assets.modelling.catalogue import (
    BASELINES,
    CANDIDATES,
    DEFAULT,
    MODELS,
    NAIVE,
    REFERENCE,
    catalogue_digest,
    variations,
)


def test_names_are_unique_and_the_special_ones_exist() -> None:
    names = [spec.name for spec in MODELS]
    assert len(set(names)) == len(names)
    assert {*NAIVE, REFERENCE} <= {spec.name for spec in BASELINES}
    assert DEFAULT in {spec.name for spec in CANDIDATES}


def test_a_changed_parameter_changes_the_digest() -> None:
    changed = replace(CANDIDATES[0], parameters={**CANDIDATES[0].parameters, "max_rows": 7})
    assert catalogue_digest((changed, *CANDIDATES[1:])) != catalogue_digest(CANDIDATES)
    assert catalogue_digest(CANDIDATES) == catalogue_digest(tuple(CANDIDATES))


def test_horizon_and_seed_reach_the_models_that_have_them() -> None:
    for spec in MODELS:
        parameters = spec.build(horizon_days=17, seed=23).get_params(deep=False)
        assert parameters.get("horizon_days", 17) == 17
        assert parameters.get("random_state", 23) == 23


def test_the_search_is_seeded_and_within_its_budget() -> None:
    drawn = variations(5, seed=3)
    assert len({spec.name for spec in drawn}) == 5
    assert drawn == variations(5, seed=3)
    assert drawn[:2] == variations(2, seed=3), "a larger budget adds to a smaller one"
    assert drawn != variations(5, seed=4)
    assert all(spec.build(horizon_days=30, seed=0).get_params()["seasonal"] for spec in drawn)
    assert variations(0, seed=3) == ()


@pytest.mark.parametrize(
    "check",
    [
        check_no_attributes_set_in_init,
        check_parameters_default_constructible,
        check_get_params_invariance,
        check_set_params,
        check_estimator_cloneable,
        check_estimator_repr,
    ],
    ids=lambda check: check.__name__,
)
@pytest.mark.parametrize(
    "estimator",
    [*{spec.estimator: None for spec in MODELS}, BetaGeometricNBD, ParetoNBD, GammaGamma],
    ids=lambda estimator: estimator.__name__,
)
def test_models_keep_scikit_learns_rules_for_parameters(
    check: Callable[[str, BaseEstimator], None], estimator: type[BaseEstimator]
) -> None:
    """The checks of `check_estimator` that ask nothing of X.

    The others feed matrices of any width, where these models need the columns that they name.
    """
    check(estimator.__name__, estimator())


def test_importing_the_package_alone_is_cheap() -> None:
    """Whoever names the package pays for no scientific library."""
    code = "import sys, json, vistora_assets.modelling; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "scipy", "sklearn"} & set(json.loads(done.stdout))
