"""The typed HTTP client of our own API, used by the command line and by tests; it knows the wire and nothing else."""
