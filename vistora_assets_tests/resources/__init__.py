"""Tests of `vistora_assets.resources`."""
