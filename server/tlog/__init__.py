"""The log's own face: checkpoint, tiles and proofs, for terminals, auditors and witnesses."""
