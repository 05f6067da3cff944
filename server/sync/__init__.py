"""The terminals' face: enrolment, batches, head (wire protocol, sections 3 and 6)."""
