"""A cluster of real processes that are killed, paused and cut off, and the proof of what holds.

`topology` starts the cluster, `clients` send to it and keep a `diary`, `faults` happen to it by a
seed; then `reader` walks the ledger by code of its own and `proofs` say what is violated.
"""
