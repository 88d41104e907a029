"""The gate: a code held in view is one scan."""

from __future__ import annotations

from scanner.core.reading import HoldGate, Reading, View

A, B, POSTER = b"MP1:AAA", b"MP1:BBB", b"https://example.org"
SQUARE = ((0, 0), (90, 0), (90, 90), (0, 90))
MOVED = ((300, 0), (390, 0), (390, 90), (300, 90))


def code(payload: bytes, corners: tuple[tuple[int, int], ...] = SQUARE) -> Reading:
    """A reading of this payload at a place in the frame."""
    a, b, c, d = corners
    return Reading(payload, (a, b, c, d))


def test_code_held_in_view_is_one_scan() -> None:
    """However long a code is held, it is new once."""
    gate = HoldGate()
    views = [gate.look([code(A)], t / 15).view for t in range(150)]
    assert views[0] is View.NEW
    assert set(views[1:]) == {View.HELD}


def test_flicker_is_the_same_presentation() -> None:
    """A code that is not read for less than 0.7 s has not gone."""
    gate = HoldGate()
    gate.look([code(A)], 0.0)
    assert gate.look([], 0.05).view is View.HELD
    assert gate.look([], 0.4).view is View.LEFT
    assert gate.look([], 0.5).view is View.EMPTY
    assert gate.look([code(A)], 0.69).view is View.HELD


def test_code_that_comes_back_is_shown_again() -> None:
    """Gone for 0.7 s and back within the repeat time: the same answer, not a new scan."""
    gate = HoldGate()
    gate.look([code(A)], 0.0)
    sight = gate.look([code(A)], 0.7)
    assert (sight.view, sight.payload) == (View.BACK, A)


def test_code_is_held_while_nobody_looks() -> None:
    """A disk that was slow for seconds is no farewell of the phone."""
    gate = HoldGate()
    gate.look([code(A)], 0.0)
    gate.resume(5.0)
    assert gate.look([code(A)], 5.07).view is View.HELD
    assert gate.look([code(A)], 5.8).view is View.BACK


def test_code_that_comes_back_late_is_judged_anew() -> None:
    """After the repeat time the facts may have changed."""
    gate = HoldGate()
    gate.look([code(A)], 0.0)
    gate.look([], 1.0)
    assert gate.look([code(A)], 61.0).view is View.NEW


def test_another_code_preempts_at_once() -> None:
    """The next in the queue does not wait for the code before to leave."""
    gate = HoldGate()
    gate.look([code(A)], 0.0)
    sight = gate.look([code(B)], 0.07)
    assert (sight.view, sight.payload) == (View.NEW, B)


def test_two_passes_in_a_frame_are_not_decided() -> None:
    """One phone at a time; the one that stays is judged anew."""
    gate = HoldGate()
    gate.look([code(A)], 0.0)
    assert gate.look([code(A), code(B, MOVED)], 0.1).view is View.SEVERAL
    assert gate.look([code(A)], 0.9).view is View.NEW


def test_second_phone_that_is_not_read_for_a_moment_is_still_there() -> None:
    """A missed read of one of two phones lets neither of them through."""
    gate = HoldGate()
    both = [code(A), code(B, MOVED)]
    frames = [both, [code(A)], [code(B, MOVED)], both, [], [code(A)]]
    views = [gate.look(frame, n / 5).view for n, frame in enumerate(frames)]
    assert View.NEW not in views
    assert gate.look([code(A)], 0.6 + 0.7).view is View.NEW


def test_the_same_pass_twice_in_a_frame_is_one() -> None:
    """A pass and its reflection are no two phones."""
    gate = HoldGate()
    assert gate.look([code(A), code(A, MOVED)], 0.0).view is View.NEW


def test_poster_beside_a_pass_does_not_count() -> None:
    """Other codes in view do not keep a pass from being judged."""
    gate = HoldGate()
    sight = gate.look([code(POSTER), code(A, MOVED)], 0.0)
    assert (sight.view, sight.payload) == (View.NEW, A)


def test_poster_behind_a_flickering_pass_is_no_news() -> None:
    """A pass that is not read in one frame is not told to be no pass, nor scanned twice."""
    gate = HoldGate()
    both, poster = [code(A), code(POSTER, MOVED)], [code(POSTER, MOVED)]
    views = [gate.look(poster if n % 3 else both, n / 15).view for n in range(30)]
    assert views.count(View.NEW) == 1
    assert View.BACK not in views


def test_poster_behind_a_pass_that_has_gone_is_judged() -> None:
    """After 0.7 s without the pass it is the poster that is shown."""
    gate = HoldGate()
    gate.look([code(A), code(POSTER, MOVED)], 0.0)
    assert gate.look([code(POSTER, MOVED)], 0.2).view is View.LEFT
    assert gate.look([code(POSTER, MOVED)], 0.69).view is View.EMPTY
    assert gate.look([code(POSTER, MOVED)], 0.7).payload == POSTER


def test_code_alone_that_is_no_pass_is_judged() -> None:
    """Somebody holds up another code and must be told so."""
    gate = HoldGate()
    assert gate.look([code(POSTER)], 0.0).payload == POSTER


def test_sticker_is_masked_after_a_minute() -> None:
    """A code that stays fixed for 60 s is reported and no longer seen, until it moves."""
    gate = HoldGate()
    for t in range(120):
        gate.look([code(POSTER)], t / 2)
    assert gate.stickers == 0
    assert gate.look([code(POSTER)], 60.0).view is View.LEFT
    assert gate.stickers == 1
    assert gate.look([code(POSTER, MOVED)], 61.0).view is not View.EMPTY


def test_sticker_that_is_gone_for_a_minute_is_forgotten() -> None:
    """What was peeled off is not reported for ever."""
    gate = HoldGate()
    for t in range(121):
        gate.look([code(POSTER)], t / 2)
    assert gate.stickers == 1
    gate.look([], 121.0)
    assert gate.stickers == 0


def test_sticker_that_was_covered_is_still_masked() -> None:
    """Phones in front of a poster do not make it news again."""
    gate = HoldGate()
    for t in range(121):
        gate.look([code(POSTER)], t / 2)
    gate.look([], 70.0)
    assert gate.look([code(POSTER)], 80.0).view is View.EMPTY


def test_slow_disk_is_no_farewell() -> None:
    """While nobody looked the code has not gone; one that had left before stays gone."""
    gate = HoldGate()
    gate.look([code(A)], 0.0)
    gate.resume(5.0)
    assert gate.look([code(A)], 5.1).view is View.HELD
    gate.look([], 6.0)
    gate.resume(7.0)
    assert gate.look([code(A)], 7.1).view is View.BACK


def test_trigger_forces_a_new_look() -> None:
    """The officer may have the code in view judged again."""
    gate = HoldGate()
    gate.look([code(A)], 0.0)
    gate.trigger(0.2)
    assert gate.look([code(A)], 0.3).view is View.NEW


def test_trigger_that_bounces_counts_once() -> None:
    """Presses less than half a second apart are one."""
    gate = HoldGate()
    gate.trigger(0.0)
    gate.look([code(A)], 0.1)
    gate.trigger(0.4)
    assert gate.look([code(A)], 0.45).view is View.HELD


def test_storm_of_codes_pauses_the_gate() -> None:
    """More than 20 changes in 10 s: one phone at a time, for 5 s."""
    gate = HoldGate()
    views = [gate.look([code(b"MP1:%d" % n)], n * 0.2).view for n in range(21)]
    assert views == [View.NEW] * 20 + [View.SEVERAL]
    assert gate.look([code(A)], 5.0).view is View.SEVERAL
    assert gate.look([], 5.0).view is View.EMPTY
    assert gate.look([code(A)], 9.1).view is View.NEW


def test_busy_queue_is_not_a_storm() -> None:
    """A phone every second is the normal work of a checkpoint."""
    gate = HoldGate()
    views = {gate.look([code(b"MP1:%d" % n)], float(n)).view for n in range(60)}
    assert views == {View.NEW}


def unread_views(seen: list[bool], step_s: float = 0.1) -> list[View]:
    """What the gate says of a code that is there, unread, or not, in frame after frame."""
    gate = HoldGate()
    return [
        gate.look([code(b"")] if is_there else [], number * step_s).view
        for number, is_there in enumerate(seen)
    ]


def test_code_that_cannot_be_read_is_told_after_a_while() -> None:
    """A code without bytes is nothing at first; after 1.5 s it is told, for ten seconds."""
    views = unread_views([True] * 130)
    assert set(views[:15]) == {View.EMPTY}
    assert set(views[15:115]) == {View.UNREAD}
    assert set(views[115:]) == {View.EMPTY}


def test_unread_code_that_flickers_is_the_same() -> None:
    """Missed in some frames it is still there; gone for 0.7 s it is another one."""
    assert unread_views([True, False, False] * 6)[15] is View.UNREAD
    assert set(unread_views([True] * 7 + [False] * 8 + [True] * 14)) == {View.EMPTY}


def test_what_is_read_outweighs_what_is_not() -> None:
    """A code in the background that is never read does not disturb the pass before it."""
    gate = HoldGate()
    views = [gate.look([code(A), code(b"", MOVED)], t / 10).view for t in range(30)]
    assert (views[0], set(views[1:])) == (View.NEW, {View.HELD})
    assert gate.look([code(b"", MOVED)], 3.1).view is View.LEFT
    assert gate.look([code(b"", MOVED)], 3.2).view is View.EMPTY
