"""What `kill -9` leaves: a refresh that was cut off, carried on, ends as an undisturbed one.

Add a moment to `moments.py` where a step gets a new kind of half-done work. What must not go here:
tests of a single statement's transaction; those stand beside what they test.
"""
