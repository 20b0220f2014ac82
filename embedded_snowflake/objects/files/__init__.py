"""Stages and the files in them: how they come and go, and become rows, and are made of rows."""
