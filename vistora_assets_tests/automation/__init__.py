"""Tests of vistora_assets.automation."""
