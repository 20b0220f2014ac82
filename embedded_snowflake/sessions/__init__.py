"""A client's session: its context, its transaction, and who answers its statements."""
