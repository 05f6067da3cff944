"""What a third party must reproduce byte for byte: envelopes, chain, tree, checkpoints, receipts, problem codes."""
