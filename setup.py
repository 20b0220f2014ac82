"""For tools that still look for a setup.py; pyproject.toml holds everything."""

from setuptools import setup

setup()
