"""Steps: one at a time, by two processes, over HTTP, many at once, replayed; where their time goes."""
