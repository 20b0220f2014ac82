"""Model cards: made for every registered version, kept on the stage and in the registry.

What it holds: gathering what a card is made of, and its three places. Add another place. What must
not go here: what a card says (`vistora_assets.modelling.model_card`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vistora_assets.assets.ml.championship import Ruling
from vistora_assets.assets.ml.ledger import comparisons_table
from vistora_assets.assets.ml.model_versions import CARD, put_file, read_file
from vistora_assets.automation.planning import at, features_table
from vistora_assets.identifiers import quote
from vistora_assets.io_managers.frames import read_frame
from vistora_assets.io_managers.models import TrainedModel
from vistora_assets.resources.warehouse import Warehouse, rows

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from vistora_assets.modelling.model_card import Card

IMPORTANCE_ROWS: Final = 1500
"""Users of the gate whose features are read for the permutation importance."""

COMMENT_LENGTH: Final = 3000
"""Snowflake documents no limit of a comment; SHOW prints it whole, so it stays short to read."""


def _card(
    connection: SnowflakeConnection, warehouse: Warehouse, trained: TrainedModel, ruling: Ruling
) -> Card:
    from vistora_assets.modelling.model_card import Verdict, model_card, permutation_importance

    names = tuple(trained.predictor.feature_names)
    table = features_table(warehouse.settings, trained.report["feature_version"])
    listed = ", ".join(quote(name.upper()) for name in names)
    # By hash: a sample that does not follow the order of ids, and the same one every time.
    sample = read_frame(
        connection,
        f"SELECT USER_ID, {listed} FROM {table} WHERE {at(trained.report['gate_as_of'])} "
        f"ORDER BY MD5(USER_ID) LIMIT {IMPORTANCE_ROWS}",
    ).merge(trained.gate[["user_id", "actual"]], on="user_id")
    importance = (
        permutation_importance(
            trained.predictor, sample, sample["actual"], seed=warehouse.settings.seed
        )
        if len(sample)
        else []
    )
    return model_card(
        trained.version,
        trained.report,
        trained.gate,
        verdict=Verdict(
            ruling.promoted, ruling.before, ruling.reasons, comparisons_table(ruling.comparisons)
        ),
        importance=importance,
    )


def write_card(warehouse: Warehouse, trained: TrainedModel, ruling: Ruling) -> str:
    """Make the card of a version unless it has one, and return it with its pictures inside.

    It is put on the stage of models, beside the training's files, and its text, shortened, into
    the version's comment.
    """
    with warehouse.connection() as connection:
        known = read_file(connection, warehouse, trained.version, CARD)
        if known is not None:
            return known.decode()
        card = _card(connection, warehouse, trained, ruling)
        content = card.embedded()
        # Within $$ nothing is escaped, so the text must not hold it.
        text = card.plain(COMMENT_LENGTH).replace("$", "")
        model = warehouse.ml(warehouse.settings.objects.model)
        rows(
            connection,
            f"ALTER MODEL {model} MODIFY VERSION {quote(trained.version)} SET COMMENT=$${text}$$",
        )
        put_file(connection, warehouse, trained.version, CARD, content.encode())
        return content
