"""Tests of the modelling room, one module for each module of the package."""
