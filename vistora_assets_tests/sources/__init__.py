"""Tests of landing and ingest, on the embedded warehouse."""
