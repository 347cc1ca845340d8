"""A retailer's days from a seed: about 500 requests of every kind, told to a writer and judged.

`days.run(seed)` lets stores, tills, channels, warehouses, lorries, suppliers and customers act on
a network drawn from the seed; what they say comes late, twice, mixed up and by wrong clocks.
`python -m retail --seeds N` runs many. Each field of the trade has a module of what is done there.
"""
