"""What follows requests and events: each package is one field, `node` and `kafka_node` join them.

`writing` decides and records, with `snapshot` to start from and `kafka` for channels' topics;
`projector` keeps the views by `projecting`, and has them proven and made anew by `proving`;
`availability` keeps in memory what may be sold, `feeds` publishes, `ingest` imports, `embedded` is
the PostgreSQL that needs no set-up.
"""
