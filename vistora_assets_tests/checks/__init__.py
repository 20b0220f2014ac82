"""Tests of vistora_assets.checks."""
