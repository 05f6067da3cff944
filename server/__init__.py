"""The log, and the faces through which terminals, officers, supervisors and the public meet it."""
