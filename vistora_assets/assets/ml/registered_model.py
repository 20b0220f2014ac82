"""The registered model and its champion.

What it holds: the asset. What must not go here: the steps (`promoting`) and the gate's rules.
"""

from typing import Any

import dagster as dg

from vistora_assets.assets.inventory import (
    MODEL_METRICS,
    OWNERS,
    POOL,
    REGISTERED_MODEL,
    TRAINING_SET,
    USER_SPEND_PREDICTOR,
)
from vistora_assets.assets.ml import championship, promoting
from vistora_assets.assets.ml.cards import write_card
from vistora_assets.assets.ml.ledger import comparisons_table, decisions_table
from vistora_assets.automation.conditions import moved_or_decayed
from vistora_assets.automation.freshness import freshness
from vistora_assets.automation.planning import read_champion, read_publications
from vistora_assets.io_managers.references import ModelVersionRef
from vistora_assets.io_managers.tables import Published
from vistora_assets.resources.warehouse import Warehouse
from vistora_assets.settings import Settings


def registered_model(settings: Settings) -> dg.AssetsDefinition:
    """Return the asset."""

    @dg.asset(
        key=REGISTERED_MODEL,
        ins={"trained": dg.AssetIn(USER_SPEND_PREDICTOR, input_manager_key="models")},
        deps=[MODEL_METRICS],
        io_manager_key="references",
        group_name="registry",
        kinds={"snowflake", "python"},
        owners=list(OWNERS),
        code_version="1",
        automation_condition=moved_or_decayed(),
        freshness_policy=freshness(settings),
        pool=POOL,
    )
    def asset(
        context: dg.AssetExecutionContext, trained: Any, warehouse: dg.ResourceParam[Warehouse]
    ) -> Published:
        """The training in Snowflake's model registry, and whether it became champion.

        A version is named by its training's identity. It is logged, compared with the model here,
        put before the gate, and takes the alias CHAMPION if it passes, CHALLENGER if not. Every
        decision is a row of `ML.PROMOTIONS`, with reasons and what was compared. Its model card
        is shown here, stands on the stage of models, and its text in the version's comment.
        """
        version: str = trained.version
        # What a run that was cut off decided and did not carry out.
        championship.settle(warehouse)
        if version in promoting.versions(warehouse):
            context.log.info("%s is registered already", version)
            promoting.complete(warehouse, trained)
        else:
            promoting.log(warehouse, trained)
        with warehouse.connection() as connection:
            token = next(
                row.token
                for row in read_publications(connection, settings)
                if row.table == TRAINING_SET.path[-1].upper()
            )
            if promoting.gate_ruling(connection, warehouse, version) is None:
                apart = promoting.prove(connection, warehouse, trained)
                context.log.info("the warehouse predicts as here, %.1g apart at most", apart)
        ruling = promoting.decide(warehouse, trained)
        for reason in ruling.reasons:
            context.log.info(reason)
        card = write_card(warehouse, trained, ruling)
        with warehouse.connection() as connection:
            champion = read_champion(connection, settings)
            decisions = championship.history(connection, warehouse)
        if champion is None:
            raise dg.Failure(
                f"{version} did not pass the gate and there is no champion, so nothing was "
                f"promoted and nothing is scored. {' '.join(ruling.reasons)} Land more events.",
                allow_retries=False,
            )
        reference = ModelVersionRef(
            model=settings.objects.model,
            version=version,
            training_id=trained.report["training_id"],
            feature_version=trained.report["feature_version"],
            promoted=ruling.promoted,
            champion=champion.version,
            reasons=ruling.reasons,
        )
        return Published(
            reference,
            token,
            {
                "card": dg.MetadataValue.md(card),
                "champion": champion.version,
                "promoted": ruling.promoted,
                "reasons": dg.MetadataValue.md("\n".join(f"- {text}" for text in ruling.reasons)),
                "comparisons": dg.MetadataValue.md(comparisons_table(ruling.comparisons)),
                "decisions": dg.MetadataValue.md(decisions_table(decisions)),
            },
        )

    return asset
