"""What an account is asked to do, and the embedded warehouse as well: the same tests on both."""
