"""`PERSISTENCE_MODULE=server.log.recorders`: applications of the `eventsourcing` library on liuhen's log.

The library looks for exactly one infrastructure factory in this namespace, so none but ours may be imported here.
"""

from server.log.recorders.factory import LiuhenFactory

__all__ = ["LiuhenFactory"]
