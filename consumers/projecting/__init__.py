"""Views follow the ledger, batch by batch."""
