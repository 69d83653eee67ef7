"""Runs what is due, in a thread beside the web server: all that a small installation needs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from django.db import close_old_connections, connection
from django.utils import timezone

from parkway.db import errors
from parkway.jobs.cleanup import remove_expired
from parkway.sync import outbox
from parkway.sync.schedule import fleet

LOOK_EVERY = 30.0  # seconds; a run asked for at once does not wait for it

log = logging.getLogger("parkway.jobs")


class Scheduler(threading.Thread):
    """Looks at what is due every half minute, and at once when somebody asks (R15).

    What is due stands in the data, so nothing is lost when the process ends: the next one finds it. While
    `others` work, such as workers of the queue, it leaves everything to them.
    """

    def __init__(self, others: Callable[[], bool] = lambda: False) -> None:
        super().__init__(name="scheduler", daemon=True)
        self._others = others
        self._called = threading.Event()
        self._ending = False
        self._tidy_at = timezone.now()

    def wake(self, service_id: int) -> None:
        """Somebody asked for a run: look now."""
        self._called.set()

    def run(self) -> None:
        """Look, run, wait; until `end`."""
        while True:
            self._called.clear()
            if self._ending:  # looked at after the clear, which may have followed the call of `end`
                break
            try:
                self.look()
            except Exception as error:
                if errors.database_unusable(error):
                    log.warning(
                        "The database cannot work now (%s). It is tried again", errors.error_name(error)
                    )
                else:
                    log.exception("Looking at what is due failed; it is tried again")
            self._called.wait(LOOK_EVERY)
        connection.close()

    def look(self) -> None:
        """Run every service that is due; what is asked for meanwhile comes next. Then carry on what was left
        in the outbox.
        """
        close_old_connections()
        if self._others():
            return
        for _ in fleet.Pass(stopping=lambda: self._ending):
            pass
        outbox.carry_on()
        self._tidy()

    def _tidy(self) -> None:
        """Once a day, forget what has run out."""
        if timezone.now() >= self._tidy_at:
            remove_expired()
            self._tidy_at = timezone.now() + timedelta(days=1)

    def end(self) -> None:
        """Finish the run at hand and stop."""
        self._ending = True
        self._called.set()
        if self.is_alive():
            self.join()
