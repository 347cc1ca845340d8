"""Reading what retailers' systems export: files of rows become requests to the ledger."""
