"""Vistora: what each user will spend next, predicted on Snowflake and orchestrated by Dagster.

Importing the package itself does nothing and costs nothing. Import the module that you need;
`vistora_assets.definitions` is Dagster's entry point. Nothing else belongs here.
"""
