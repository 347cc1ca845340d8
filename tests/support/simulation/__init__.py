"""The deterministic model: the writer's own code over a simulated Kafka, everything else from a seed.

`run(seed)` lets two or three writers, their callers and channels go through crashes, pauses,
partitions and troubled appends, then through quiet; `python -m simulation --seeds N` many times.
"""
