"""What the benchmarks on Kafka are made of."""
