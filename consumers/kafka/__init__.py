"""Kafka beside the ledger: the channels' topics of requests, and the dead letters."""
