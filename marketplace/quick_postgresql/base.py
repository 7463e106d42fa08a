"""The health check of a kept connection without a round trip.

Django sends SELECT 1 before the first statement of each request. A server that ended, was restarted or cut an idle
session has closed the line, and a closed line has something to read: only then is the question worth its time. A
server that went silent without closing would leave SELECT 1 without an answer, too; that is what time limits are for.
"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        if self.connection is None:
            return False
        if not self.connection.closed:
            line = select.poll()  # select() knows no descriptor above 1023
            line.register(self.connection.fileno(), select.POLLIN)
            if not line.poll(0):
                return True
        usable: bool = super().is_usable()
        return usable
