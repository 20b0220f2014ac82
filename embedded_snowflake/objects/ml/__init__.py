"""What the clients of machine learning keep: datasets, models and their versions, and who made what."""
