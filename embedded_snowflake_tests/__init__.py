"""Tests of the embedded warehouse; they mirror the package."""
