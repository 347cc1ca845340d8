"""Availability as every process keeps it in memory, at the ledger's head."""
