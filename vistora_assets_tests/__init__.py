"""Behaviour tests of `vistora_assets`; the folders mirror the package."""
