"""What the facts mean: pure functions from events to state, from state and command to events. No IO, no clock."""
