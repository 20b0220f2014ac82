"""Logged models, each run by a process of its own: nothing of the server ever unpickles one."""
