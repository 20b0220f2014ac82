"""The whole pipeline on real purchases, through the real jobs."""
