"""From the log to what the judges say: filing, judging, writing, and the questions asked of it."""
