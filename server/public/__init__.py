"""The public application: what is published, and the log's checkpoints and hash tiles. Cannot reach the log."""
