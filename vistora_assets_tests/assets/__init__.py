"""Tests of vistora_assets.assets."""
