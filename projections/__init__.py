"""The views: what an event does to their rows, and how the rows are read.

Packages by what they are about: `stock`, `supply`, `orders`, `customers`, `selling`, `attention`;
`past` answers as of then, `reports` sums up, `keeping` is how far views are and what replaces them.
`views` lists them all. The modules beside are what every view is made of: from `projection`, a
fold, over `tables` and `rows`, where it writes, to `reading` and `paging`, how it is read.
"""
