"""Tests of vistora_assets.io_managers."""
