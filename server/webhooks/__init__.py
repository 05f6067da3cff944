"""Webhooks: events of an authority sent to other systems, signed, retried, and never to an address inside."""
