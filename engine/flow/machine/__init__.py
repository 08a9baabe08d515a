"""The running of procedures: the only room that knows SpiffWorkflow."""
