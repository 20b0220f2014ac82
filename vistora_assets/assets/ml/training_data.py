"""What a training learned from, kept for good as a version of a Snowflake Dataset.

What it holds: `freeze`, which copies the training set inside the warehouse under the name of its
content, and `frozen`, which reads it. The table `ML.TRAINING_SET` is replaced with every refresh;
a registered model must be able to say on which rows it was fitted, and the registry draws its
lineage from a Dataset. What must not go here: how the rows come about (`training_set`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import dagster as dg

if TYPE_CHECKING:
    import pandas as pd

    from vistora_assets.resources.warehouse import Warehouse

DATASET: Final = "USER_SPEND_TRAINING_DATA"


def version_name(data_token: str) -> str:
    """Return the Dataset's version for a content: D_ and twelve digits of it, upper case."""
    return f"D_{data_token[:12].upper()}"


def frozen(warehouse: Warehouse, version: str) -> Any | None:
    """Return a version's rows as a Snowpark frame that knows its Dataset; None without it."""
    from snowflake.ml.dataset import Dataset

    dataset = Dataset.create(warehouse.session(), warehouse.ml(DATASET), exist_ok=True)
    if version not in dataset.list_versions():
        return None
    return dataset.select_version(version).read.to_snowpark_dataframe()


def freeze(warehouse: Warehouse, training_set: pd.DataFrame, data_token: str) -> str:
    """Keep the rows of `ML.TRAINING_SET` under their content's name, and return that.

    Args:
        warehouse: where the table is, and the Dataset beside it.
        training_set: the rows as they were read; what is kept is compared with them.
        data_token: their content's token.

    Raises:
        dg.Failure: the table has changed since it was read.
    """
    from snowflake.ml.dataset import Dataset

    from vistora_assets.modelling.identity import frame_token

    version = version_name(data_token)
    kept = frozen(warehouse, version)
    dataset = Dataset.load(warehouse.session(), warehouse.ml(DATASET))
    if kept is None:
        try:
            dataset.create_version(
                version,
                input_dataframe=warehouse.session().table(warehouse.ml("TRAINING_SET")),
                # Of what is no number to learn from, a Dataset wants to be told.
                exclude_cols=["USER_ID", "AS_OF", "SNAPSHOT_DATE"],
                label_cols=["LABEL"],
                comment=f"The rows of the trainings whose data token begins with {data_token[:12]}.",
            )
        except Exception:
            # Another training of the same rows may have been first.
            if version not in dataset.list_versions():
                raise
        kept = dataset.select_version(version).read.to_snowpark_dataframe()
    found = kept.to_pandas()
    found.columns = [str(name).lower() for name in found.columns]
    if frame_token(found.astype(training_set.dtypes.to_dict())) != data_token:
        dataset.delete_version(version)
        raise dg.Failure(
            "ML.TRAINING_SET has changed since this training read it, so its rows cannot be kept "
            "beside the model. Run the training again; let one refresh run at a time."
        )
    return version
