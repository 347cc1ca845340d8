"""A real Kafka on this machine, for tests, benchmarks and `make cluster`; not part of the wheel."""
