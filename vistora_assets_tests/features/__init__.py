"""Tests of the feature room."""
