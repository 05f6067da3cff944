"""A year of one province, made up from a seed: what terminals upload, what offices do, and where it was put wrong.

An outsider's view of enforcement: this package knows the published event types and the wire, and nothing of how they
are judged. Where a limit of the law matters it is written down here a second time, from the law. The invariant: the
same seed and scale give the same acts, and the list of planted places is complete before anything is uploaded.
"""
