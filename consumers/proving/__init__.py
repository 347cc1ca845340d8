"""Views are proven equal to the ledger, and made anew from it."""
