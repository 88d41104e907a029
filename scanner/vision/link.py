"""The loop's side of the reader process: start it, hand it frames, replace it when it fails.

The reader is disposable and not trusted: what it says is checked, a wrong or late answer ends it,
and the frame is skipped. No OpenCV here: the loop's memory is budgeted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from scanner.core.errors import DeviceError
from scanner.core.reading import Reading
from scanner.ports import Frame
from scanner.vision.messages import SLOTS, ProtocolError, Request, send_slots
from scanner.vision.session import Session, Start, start_child
from scanner.vision.slots import FrameSlots, fitting

RETRY_S = 0.1
FRESH_S = 0.2  # a frame that has waited for longer shows somebody who may have gone
MAX_EARLY_ENDS = 3  # readers that ended before they were ready: the next one will, too


class ReaderLink:
    """A Decoder that has its work done by another process. For one thread only.

    >>> with closing(ReaderLink()) as reader:
    ...     reader.wait_until_ready()
    ...     readings = reader.read(frame)

    `replaced`: how many readers had to go; `renewed`: how many late workers, beside them.
    `last_failure`: why the last one had to.
    """

    def __init__(
        self, start: Start = start_child, *, deadline_s: float = 1.0, start_s: float = 20.0
    ) -> None:
        """`deadline_s`: for one frame; `start_s`: from start to ready, imports included."""
        self.replaced = self.renewed = 0
        self.last_failure = ""
        self._start = start
        self._deadline_s = deadline_s
        self._start_s = start_s
        self._slots = FrameSlots()
        self._is_closed = False
        self._sent = 0
        self._early_ends = 0
        self._unready_since_s = time.monotonic()
        self._session = self._begin()

    @property
    def process_id(self) -> int | None:
        """Process id of the reader's parent, which leads its process group; None for a service."""
        if self._session is None or self._session.process is None:
            return None
        return self._session.process.pid

    def wait_until_ready(self, timeout_s: float | None = None) -> bool:
        """Whether a worker waits for frames, within this time. Raises DeviceError as `read`."""
        wait_s = self._start_s if timeout_s is None else timeout_s
        return self._ready_session(time.monotonic() + wait_s) is not None

    def read(self, frame: Frame) -> Sequence[Reading] | None:
        """Every QR code in the frame; None when it was skipped: no reader yet, or it was replaced,
        or there was none for so long that the frame has grown old.

        Returns within about `deadline_s`. Raises DeviceError when no reader can be started.
        """
        asked_s = time.monotonic()
        until_s = asked_s + self._deadline_s
        session = self._ready_session(until_s)
        if session is None or time.monotonic() - asked_s > FRESH_S:
            return None
        try:
            return self._exchange(session, frame, until_s)
        except (OSError, ProtocolError) as error:
            if not self._renew(session, error):
                self._lose(session, error)
                self._session = self._begin()  # it imports while the loop goes on
            return None

    def close(self) -> None:
        """No process, no mapping is left behind. A second call does nothing."""
        if self._session is not None:
            self._session.end()
            self._session = None
        if not self._is_closed:
            self._is_closed = True
            self._slots.close()

    def _exchange(
        self, session: Session, frame: Frame, until_s: float
    ) -> tuple[Reading, ...] | None:
        """One frame there, one answer back; None when the worker died of it."""
        grey, shrink = fitting(frame.grey)
        height, width = grey.shape
        if grey.size == 0:  # nothing, or a line too thin to be shrunk
            return ()
        self._sent += 1  # our own count: a late answer must never match another frame
        request = Request(self._sent % SLOTS, height, width, self._sent)
        self._slots.write(request.slot, grey)
        session.send(request, until_s)
        answer = session.receive(until_s)
        while answer.number is not None and answer.number < request.number:
            answer = session.receive(until_s)
        if answer.number is None:
            return None
        if answer.number > request.number or not answer.lies_within(height, width):
            raise ProtocolError("an answer to a frame that was not sent")
        return tuple(_enlarged(reading, shrink) for reading in answer.readings)

    def _ready_session(self, until_s: float) -> Session | None:
        """A session whose worker waits for frames; None if there is none by then. DeviceError."""
        while True:
            session = self._session
            try:
                if session is not None and session.becomes_ready(until_s):
                    self._early_ends = 0
                    return session
                if session is not None and session.is_renewed:
                    raise TimeoutError("the reader did not replace its worker")
            except (OSError, ProtocolError) as error:
                self._lose(session, error)
            self._give_up_if_hopeless()
            if (left_s := until_s - time.monotonic()) <= 0:
                return None
            time.sleep(min(RETRY_S, left_s))
            self._session = self._session or self._begin()

    def _begin(self) -> Session | None:
        """A new session with its slots sent; None when it cannot be started now."""
        if self._is_closed:
            raise DeviceError("The reader has been closed. Restart the scanner.")
        session = None
        try:
            session = self._start()
            send_slots(session.channel, self._slots.fds)
        except OSError as error:
            if session is not None:
                self._early_ends += 1
                session.end()
            self.last_failure = str(error)
            return None
        return session

    def _renew(self, session: Session, error: Exception) -> bool:
        """Whether a late worker is being replaced by its parent, which has imported everything."""
        try:
            is_renewed = isinstance(error, TimeoutError) and session.renew()
        except OSError:  # its parent is gone, too
            return False
        if is_renewed:
            self.renewed += 1
            self.last_failure = str(error) or type(error).__name__
        return is_renewed

    def _lose(self, session: Session | None, error: Exception) -> None:
        """This reader is over."""
        self.replaced += 1
        self.last_failure = str(error) or type(error).__name__
        self._session = None
        if session is None:
            return
        session.end()
        if session.is_ready or session.is_renewed:
            self._unready_since_s = time.monotonic()
        else:
            self._early_ends += 1

    def _give_up_if_hopeless(self) -> None:
        """Raises DeviceError; whoever asks once more gets a fresh attempt."""
        waited_s = time.monotonic() - self._unready_since_s
        if self._early_ends < MAX_EARLY_ENDS and waited_s < self._start_s:
            return
        if self._session is not None:
            self._session.end()
            self._session = None
        self._early_ends = 0
        self._unready_since_s = time.monotonic()
        raise DeviceError(
            "The reader process does not start. Run `scanner doctor`."
            f" Last failure: {self.last_failure or 'no word from it'}"
        )


def _enlarged(reading: Reading, k: int) -> Reading:
    """Corners of a frame that was made k times smaller, in pixels of the frame itself."""
    if k == 1:
        return reading
    first, second, third, fourth = ((x * k + k // 2, y * k + k // 2) for x, y in reading.corners)
    return Reading(reading.payload, (first, second, third, fourth))
