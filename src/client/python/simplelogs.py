"""Sends Python's log records and timings to SimpleLogs. One file, standard library only, Python 3.8 and later.

    import logging, simplelogs

    handler = simplelogs.SimpleLogsHandler("sk_...", api_endpoint="http://127.0.0.1:7070/api/v1")
    logging.getLogger().addHandler(handler)

    logging.warning("Stock is low", extra={"touchpoint": "shop/stock", "article": 17})
    with simplelogs.timing("db/query/products") as metadata:
        metadata["rows"] = 128

What is not given is taken from the environment: SIMPLELOGS_SERVER_KEY, SIMPLELOGS_API_ENDPOINT (the address including /api/v1),
SIMPLELOGS_BATCH_INTERVAL (250 ms), SIMPLELOGS_MAX_BATCH_SIZE (100 entries), SIMPLELOGS_SEND_TIMEOUT (10000 ms),
SIMPLELOGS_DEBUG ("true" writes to stderr what could not be sent).

A record becomes text where it is logged, and waits in a bounded queue; a background thread sends batches. A batch never changes
once it was sent: it goes again with the same idempotency key until the server has answered, so it is stored once. Nothing here
raises into the application.
"""

import atexit
import collections
import datetime
import email.utils
import functools
import http.client
import inspect
import io
import json
import logging
import math
import os
import random
import socket
import sys
import threading
import time
import traceback
import urllib.parse
import uuid
import weakref

__all__ = ["SimpleLogsHandler", "timing", "flush"]

# What a record has of its own; everything else was given as `extra` and becomes metadata.
_RECORD_FIELDS = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
_ENTRY_FIELDS = ("touchpoint", "key", "metadata")

# Nesting of metadata that is kept. The server takes 100 levels.
_DEPTH_MAX = 20
# Causes of an error that are followed.
_CAUSES_MAX = 5
# Bytes of an entry; of a larger one, long texts are cut to this many characters, and if that is not enough, metadata goes.
_ENTRY_BYTES_MAX = 50_000
_CUT_TEXT_LENGTH = 4_000
# Bytes of one batch, unless a single entry is larger. The server takes 5 MiB.
_BATCH_BYTES_MAX = 1024 * 1024
# Whole numbers beyond are sent as text: JSON's readers have doubles.
_WHOLE_NUMBER_MAX = 2**53 - 1
# Seconds between two tries of a batch when the server names no time.
_WAIT_MIN_S = 1
_WAIT_MAX_S = 60
# Of the time that the server names, what is followed.
_WISHED_MAX_S = 3600
# Bytes that are read of an answer.
_ANSWER_BYTES_MAX = 64 * 1024
# 500 is final; whatever is above goes again.
_STATUS_OF_A_BATCH_SET_ASIDE = 500
# Refused as a whole: a good entry in it may still be stored. 413: more entries or bytes than the server takes at once.
_SPLIT_STATUSES = (413, 422)

_handlers = weakref.WeakSet()  # type: ignore[var-annotated]


class SimpleLogsHandler(logging.Handler):
    """A logging.Handler that sends to SimpleLogs.

    server_key, api_endpoint, batch_interval_ms, max_batch_size, send_timeout_ms: see the environment above.
    touchpoint: of records whose `extra` names none. metadata: added to every entry.
    max_queue_size: entries that may wait (1000); max_queue_bytes: their bytes (1 MiB). Beyond, the oldest go; how many is told
    by one entry "simplelogs/dropped".
    before_send: gets each entry as a dictionary and returns it, another one, or None to leave it out.
    on_error: told of everything that could not be sent, as a dictionary: reason ("refused": a final answer; "unreachable": no
    answer, 429 or 5xx; "dropped": no room, or no time at the end; "internal"), message, status (0: no answer), entry_count,
    will_retry. Mostly called in the background thread.
    """

    def __init__(
        self,
        server_key=None,
        api_endpoint=None,
        touchpoint=None,
        metadata=None,
        level=logging.NOTSET,
        batch_interval_ms=None,
        max_batch_size=None,
        send_timeout_ms=None,
        max_queue_size=1000,
        max_queue_bytes=1024 * 1024,
        before_send=None,
        on_error=None,
        debug=None,
    ):
        super().__init__(level)
        self.server_key = server_key or os.environ.get("SIMPLELOGS_SERVER_KEY", "")
        self.touchpoint = touchpoint
        self.metadata = dict(metadata or {})
        self._interval_s = _number(batch_interval_ms, "SIMPLELOGS_BATCH_INTERVAL", 250) / 1000
        self._batch_size_max = max(1, int(_number(max_batch_size, "SIMPLELOGS_MAX_BATCH_SIZE", 100)))
        self._timeout_s = max(0.001, _number(send_timeout_ms, "SIMPLELOGS_SEND_TIMEOUT", 10_000) / 1000)
        self._queue_size_max = max(1, int(max_queue_size))
        self._queue_bytes_max = int(max_queue_bytes)
        self._before_send = before_send
        self._on_error = on_error
        self._debug = os.environ.get("SIMPLELOGS_DEBUG") == "true" if debug is None else bool(debug)
        self._address = _Address(api_endpoint or os.environ.get("SIMPLELOGS_API_ENDPOINT", ""))
        self._reset()
        _handlers.add(self)

    # What threads share, all under the condition's lock. It can be taken twice by a thread: a signal handler may log.

    def _reset(self):
        """As new: after a fork what waits belongs to the parent, which sends it, and the locks may be held for ever."""
        self._condition = threading.Condition(threading.RLock())
        self._queue = collections.deque()
        self._queue_bytes = 0
        self._dropped = 0
        self._batches = collections.deque()
        self._worker = None
        self._connection = None
        self._retry_at_s = 0.0
        # Whether what waits is to be sent without waiting for more.
        self._is_due = False
        self._is_exiting = False
        self._is_closed = False
        # Entries that were queued, and those of them that were answered or dropped: what flush() waits for.
        self._added = 0
        self._done = 0
        # Attempts that failed: each ends the calls of flush() that wait.
        self._failures = 0
        self._sender = threading.Lock()

    # The application's side.

    def emit(self, record):
        """Queues a record. Never raises, never waits for the network."""
        try:
            self._add(self._entry_of(record))
        except Exception:  # pylint: disable=broad-except
            self._report("internal", "a record could not be read: " + traceback.format_exc(limit=3), 0, 1)

    def timing(self, touchpoint, key=None, **metadata):
        """Measures a block or a function: a context manager that gives the metadata to add to, and a decorator."""
        return _Timing(self, touchpoint, key, metadata)

    def flush(self, timeout_s=None):
        """Sends what waits now, and waits for it, at most timeout_s (the send timeout). True: all that was logged before is settled.
        False: an attempt failed, or there was no time; the rest is tried again later."""
        try:
            return self._flush(self._timeout_s if timeout_s is None else timeout_s)
        except Exception:  # pylint: disable=broad-except
            return False

    def close(self):
        """Sends what waits, each batch once more, and gives up at the first that cannot be sent."""
        try:
            self._close()
        except Exception:  # pylint: disable=broad-except
            pass
        super().close()

    # From a record to the text of an entry.

    def _entry_of(self, record):
        fields = vars(record)
        metadata = dict(self.metadata)
        given = fields.get("metadata")
        if isinstance(given, dict):
            metadata.update(given)
        elif given is not None:
            metadata["metadata"] = given
        for name in list(fields):
            if name not in _RECORD_FIELDS and name not in _ENTRY_FIELDS:
                metadata[name] = fields[name]
        metadata.setdefault("logger", record.name)
        if record.levelname not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            metadata.setdefault("levelName", record.levelname)
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            metadata.setdefault("error", error)
        elif record.exc_text:
            metadata.setdefault("error", {"stack": record.exc_text})
        if record.stack_info:
            metadata.setdefault("stack", record.stack_info)
        entry = {
            "touchpoint": fields.get("touchpoint") or self.touchpoint,
            "key": fields.get("key"),
            "message": self._message_of(record),
            "level": _level_of(record.levelno),
            "timestamp": round(record.created * 1000),
            "metadata": metadata,
        }
        return entry

    def _message_of(self, record):
        try:
            return self.format(record) if self.formatter is not None else record.getMessage()
        except Exception:  # pylint: disable=broad-except
            return "%s %s" % (_text(record.msg), _text(record.args))

    def _add(self, entry):
        if self._before_send is not None:
            entry = self._before_send(entry)
            if entry is None:
                return
        # JSON's own escapes keep this ASCII, so characters are bytes.
        text = json.dumps(_clean_entry(entry), separators=(",", ":"), allow_nan=False)
        if len(text) > _ENTRY_BYTES_MAX:
            text = _cut_entry(entry)
        with self._condition:
            if self._is_closed or len(text) > self._queue_bytes_max:
                self._dropped += 1
                return self._start_worker()
            self._queue.append(text)
            self._queue_bytes += len(text)
            self._added += 1
            while len(self._queue) > self._room_entries() or self._queue_bytes > self._room_bytes():
                self._queue_bytes -= len(self._queue.popleft())
                self._dropped += 1
                self._done += 1
            self._start_worker()
            if len(self._queue) == 1 or len(self._queue) == self._batch_size_max:
                self._condition.notify_all()

    # Batches that wait for their answer count, so that the bounds hold for both together; one entry always has room.

    def _room_entries(self):
        return max(1, self._queue_size_max - sum(len(batch.texts) for batch in self._batches))

    def _room_bytes(self):
        used = sum(batch.bytes for batch in self._batches)
        return max(len(self._queue[-1]) if self._queue else 0, self._queue_bytes_max - used)

    # The background thread's side.

    def _start_worker(self):
        if self._worker is not None:
            return
        _close_at_end_of_child(self)
        self._worker = threading.Thread(target=self._work, name="simplelogs", daemon=True)
        try:
            self._worker.start()
        except RuntimeError:  # no threads any more, the interpreter is ending: close() sends
            self._worker = None

    def _work(self):
        while self._await_work():
            try:
                self._send_next(self._timeout_s)
            except Exception:  # pylint: disable=broad-except
                self._report("internal", "a fault of this library: " + traceback.format_exc(limit=3), 0, 0)
                time.sleep(1)

    def _await_work(self):
        """Waits until a batch is to be sent. Returns False when the thread has to end."""
        interval_ends_s = None
        with self._condition:
            while not self._is_closed:
                now_s = time.monotonic()
                if self._batches:
                    wait_s = self._retry_at_s - now_s
                elif not self._has_unsent():
                    wait_s = None
                    interval_ends_s = None
                elif self._is_due or len(self._queue) >= self._batch_size_max:
                    return True
                else:
                    interval_ends_s = interval_ends_s or now_s + self._interval_s
                    wait_s = interval_ends_s - now_s
                if wait_s is not None and wait_s <= 0:
                    return True
                self._condition.wait(wait_s)
        return False

    def _has_unsent(self):
        return bool(self._queue or self._batches or self._dropped)

    def _send_next(self, timeout_s):
        """Sends one batch, if there is one. Returns False when it has to be tried again."""
        with self._sender:
            with self._condition:
                if not self._batches:
                    self._freeze()
                if not self._batches:
                    return True
                batch = self._batches[0]
            status, retry_after_s, message = self._post(batch, timeout_s)
            will_retry = status in (0, 429) or status > _STATUS_OF_A_BATCH_SET_ASIDE
            with self._condition:
                # Given up by close() in the meantime.
                if not self._batches or self._batches[0] is not batch:
                    return True
                if will_retry:
                    self._failures += 1
                    self._condition.notify_all()
                    batch.tries += 1
                    self._retry_at_s = time.monotonic() + _wait_s(batch.tries, retry_after_s)
                else:
                    self._batches.popleft()
                    self._retry_at_s = 0.0
                    if status in _SPLIT_STATUSES and len(batch.texts) > 1:
                        half = len(batch.texts) // 2
                        self._batches.extendleft([_Batch(batch.texts[half:]), _Batch(batch.texts[:half])])
                        return True
                    self._done += len(batch.texts)
                    self._is_due = self._is_due and self._has_unsent()
                    self._condition.notify_all()
        # Only 202 is the endpoint's: 200 is some page that a proxy answers with.
        if status != 202:
            reason = "unreachable" if will_retry else "refused"
            self._report(reason, message, status, len(batch.texts), will_retry)
        return not will_retry

    def _freeze(self):
        """Moves the oldest entries of the queue into a batch that never changes again."""
        texts, size = [], 0
        if self._dropped > 0:
            texts.append(_dropped_text(self._dropped))
            self._dropped = 0
            self._added += 1
        while self._queue and len(texts) < self._batch_size_max:
            if texts and size + len(self._queue[0]) > _BATCH_BYTES_MAX:
                break
            text = self._queue.popleft()
            self._queue_bytes -= len(text)
            size += len(text)
            texts.append(text)
        if texts:
            self._batches.append(_Batch(texts))

    def _post(self, batch, timeout_s):
        """One try. Returns the status (0: no answer), the seconds to wait or None, and what to say about it."""
        try:
            self._connection = self._connection or _Connection(self._address)
            path = "%s/enqueue?idempotency_key=%s" % (self._address.path, batch.key)
            status, retry_after, answer = self._connection.post(path, self._body_of(batch), timeout_s)
        except Exception as error:  # pylint: disable=broad-except
            self._disconnect()
            return 0, None, "cannot reach %s: %s" % (self._address, _text(error) or type(error).__name__)
        return status, _retry_after_s(retry_after), "the server answered %d: %s" % (status, answer[:200])

    def _body_of(self, batch):
        head = json.dumps({"key": self.server_key, "source": "server", "timestamp": batch.timestamp_ms})
        return (head[:-1] + ', "entries":[' + ",".join(batch.texts) + "]}").encode("ascii")

    def _disconnect(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _flush(self, timeout_s):
        deadline_s = time.monotonic() + timeout_s
        with self._condition:
            target = self._added
            if self._is_exiting or self._is_closed:
                return self._done >= target
            self._is_due = True
            self._retry_at_s = 0.0
            failures = self._failures
            self._condition.notify_all()
            while self._done < target:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0 or self._worker is None or self._worker is threading.current_thread():
                    return False
                if self._failures > failures:
                    return False
                self._condition.wait(left_s)
        return True

    def _close(self):
        with self._condition:
            if self._is_closed:
                return
            self._is_closed = True
            self._condition.notify_all()
        _handlers.discard(self)
        deadline_s = time.monotonic() + self._timeout_s
        while self._has_unsent():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not self._send_next(left_s):
                break
        with self._condition:
            lost = len(self._queue) + self._dropped + sum(len(batch.texts) for batch in self._batches)
            self._queue.clear()
            self._batches.clear()
            self._done = self._added
            self._condition.notify_all()
        self._disconnect()
        if lost > 0:
            self._report("dropped", "the process ended before they could be sent", 0, lost)

    def _report(self, reason, message, status, entry_count, will_retry=False):
        try:
            if self._debug and sys.stderr is not None:
                sys.stderr.write("simplelogs: %s, %d entries: %s\n" % (reason, entry_count, message))
            if self._on_error is not None:
                self._on_error(
                    {
                        "reason": reason,
                        "message": message,
                        "status": status,
                        "entry_count": entry_count,
                        "will_retry": will_retry,
                    }
                )
        except Exception:  # pylint: disable=broad-except
            pass


def timing(touchpoint, key=None, **metadata):
    """As SimpleLogsHandler.timing, with the handler that was made first; without one it only runs the block."""
    return _Timing(None, touchpoint, key, metadata)


def flush(timeout_s=None):
    """Flushes all handlers. Returns whether everything is done."""
    return all([handler.flush(timeout_s) for handler in list(_handlers)])


class _Batch:
    """Entries that go together, again and again until they are answered, under one idempotency key."""

    def __init__(self, texts):
        self.texts = texts
        self.bytes = sum(len(text) for text in texts)
        self.key = uuid.uuid4().hex
        self.timestamp_ms = round(time.time() * 1000)
        self.tries = 0


class _Address:
    def __init__(self, text):
        self.text = text
        try:
            parts = urllib.parse.urlsplit(text)
            self.is_secure = parts.scheme == "https"
            self.host = parts.hostname
            self.port = parts.port or (443 if self.is_secure else 80)
            self.path = parts.path.rstrip("/")
        except ValueError:
            # Told with the first entry that cannot be sent.
            self.host = None

    def __str__(self):
        return self.text or "the server: SIMPLELOGS_API_ENDPOINT is not set"


class _Connection:
    """A connection that stays open, with one deadline for all of a request: a server that drips is a server that hangs."""

    def __init__(self, address):
        if not address.host:
            raise ValueError("no address")
        make = http.client.HTTPSConnection if address.is_secure else http.client.HTTPConnection
        self._http = make(address.host, address.port)

    def post(self, path, body, timeout_s):
        """Returns status, Retry-After and the answer's text."""
        deadline_s = time.monotonic() + timeout_s
        if self._http.sock is not None:
            try:
                return self._post(path, body, deadline_s)
            except ConnectionError:
                # The server closed it while it was idle: that says nothing about the server.
                self._http.close()
        return self._post(path, body, deadline_s)

    def _post(self, path, body, deadline_s):
        if self._http.sock is None:
            self._http.timeout = max(0.001, deadline_s - time.monotonic())
            self._http.connect()
            self._http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._http.sock = _DeadlineSocket(self._http.sock)
        self._http.sock.deadline_s = deadline_s
        self._http.request("POST", path, body, {"content-type": "application/json"})
        answer = self._http.getresponse()
        text = answer.read(_ANSWER_BYTES_MAX)
        if not answer.isclosed():
            answer.close()
            self._http.close()
        return answer.status, answer.getheader("retry-after"), text.decode("utf-8", "replace")

    def close(self):
        self._http.close()


class _DeadlineSocket:
    """As much of a socket as http.client needs. Its timeout is what is left until the deadline, not a new one for each byte."""

    def __init__(self, inner):
        self._inner = inner
        self.deadline_s = 0.0

    def limit(self):
        left_s = self.deadline_s - time.monotonic()
        if left_s <= 0:
            raise socket.timeout("timed out")
        self._inner.settimeout(left_s)

    def sendall(self, data):
        self.limit()
        self._inner.sendall(data)

    def makefile(self, *_arguments):
        return io.BufferedReader(_DeadlineReader(self, self._inner.makefile("rb", buffering=0)))

    def close(self):
        self._inner.close()


class _DeadlineReader(io.RawIOBase):
    def __init__(self, owner, inner):
        super().__init__()
        self._owner = owner
        self._inner = inner

    def readable(self):
        return True

    def readinto(self, buffer):
        self._owner.limit()
        return self._inner.readinto(buffer)

    def close(self):
        self._inner.close()
        super().close()


class _Timing:
    """One complete timing entry: start, end, and the duration by a clock that does not jump."""

    def __init__(self, handler, touchpoint, key, metadata):
        self._handler = handler
        self._touchpoint = touchpoint
        self._key = key
        self._metadata = metadata

    def __enter__(self):
        self._started_ms = time.time() * 1000
        self._started_s = time.perf_counter()
        return self._metadata

    def __exit__(self, _kind, error, _trace):
        duration_ms = (time.perf_counter() - self._started_s) * 1000
        handler = self._handler or next(iter(list(_handlers)), None)
        if handler is None:
            return False
        try:
            metadata = dict(handler.metadata)
            metadata.update(self._metadata)
            if error is not None:
                metadata.setdefault("error", error)
            entry = {
                "touchpoint": self._touchpoint,
                "key": self._key,
                "level": "error" if error is not None else None,
                "startTime": round(self._started_ms, 3),
                "endTime": round(self._started_ms + duration_ms, 3),
                "duration": round(duration_ms, 3),
                "metadata": metadata,
            }
            handler._add(entry)
        except Exception:  # pylint: disable=broad-except
            handler._report("internal", "a timing could not be read: " + traceback.format_exc(limit=3), 0, 1)
        return False

    def __call__(self, function):
        def once():
            return _Timing(self._handler, self._touchpoint, self._key, dict(self._metadata))

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def timed(*arguments, **named):
                with once():
                    return await function(*arguments, **named)

        else:

            @functools.wraps(function)
            def timed(*arguments, **named):
                with once():
                    return function(*arguments, **named)

        return timed


def _close_at_end_of_child(handler):
    """Children of multiprocessing end without atexit; they have a list of their own."""
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        util.Finalize(handler, handler.close, exitpriority=0)


def _after_fork():
    for handler in list(_handlers):
        handler._reset()


def _at_exit():
    # logging.shutdown() runs after the application's own exit functions, which may log; it calls flush() and close().
    for handler in list(_handlers):
        handler._is_exiting = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)


def _number(given, name, default):
    value = os.environ.get(name) if given is None else given
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return default
    return number if math.isfinite(number) and number >= 0 else default


def _level_of(number):
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"


def _wait_s(tries, retry_after_s):
    """What the server asked for, else 1 to 60 s, doubled each time, with chance so that clients do not come together."""
    if retry_after_s is not None:
        return max(_WAIT_MIN_S, min(retry_after_s, _WISHED_MAX_S))
    longest = min(_WAIT_MAX_S, _WAIT_MIN_S * 2 ** min(tries, 10))
    return _WAIT_MIN_S + random.random() * (longest - _WAIT_MIN_S)


def _retry_after_s(text):
    """Of seconds, or of a date (RFC 9110, 10.2.3)."""
    try:
        seconds = float(text)
    except (TypeError, ValueError):
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (TypeError, ValueError, IndexError, AttributeError, OverflowError):
            return None
    return None if math.isnan(seconds) else seconds


def _dropped_text(count):
    entry = {
        "touchpoint": "simplelogs/dropped",
        "level": "warn",
        "message": "%d entries were dropped before they could be sent" % count,
        "timestamp": round(time.time() * 1000),
        "metadata": {"count": count},
    }
    return json.dumps(entry, separators=(",", ":"))


# Anything to JSON: what cannot be shown is named, what cannot be read says so.


def _clean_entry(entry):
    cleaned = {}
    for name, value in entry.items():
        if value is None:
            continue
        if name in ("touchpoint", "key", "message", "level", "source"):
            cleaned[name] = value if isinstance(value, str) else _text(value)
        elif name == "metadata":
            cleaned[name] = _plain(value, 0, set())
        else:
            cleaned[name] = value
    return cleaned


def _cut_entry(entry):
    cleaned = _cut(_clean_entry(entry))
    text = json.dumps(cleaned, separators=(",", ":"))
    if len(text) > _ENTRY_BYTES_MAX:
        cleaned["metadata"] = {"cut": "metadata of %d characters" % len(json.dumps(cleaned.get("metadata")))}
        text = json.dumps(cleaned, separators=(",", ":"))
    return text


def _cut(value):
    if isinstance(value, str) and len(value) > _CUT_TEXT_LENGTH:
        return value[:_CUT_TEXT_LENGTH] + "… [cut, %d characters]" % len(value)
    if isinstance(value, dict):
        return {_cut(name): _cut(item) for name, item in value.items()}
    return [_cut(item) for item in value] if isinstance(value, list) else value


def _text(value):
    try:
        return str(value)
    except Exception:  # pylint: disable=broad-except
        return "[%s that cannot be shown]" % type(value).__name__


def _plain(value, depth, above):
    if value is None or isinstance(value, bool):
        return value
    if type(value) is str:
        return value
    if isinstance(value, int):
        return int(value) if -_WHOLE_NUMBER_MAX <= value <= _WHOLE_NUMBER_MAX else _text(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else _text(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, BaseException):
        return _error(value, depth, above)
    if not isinstance(value, (dict, list, tuple, set, frozenset, collections.deque)):
        return _text(value)
    if id(value) in above:
        return "[Circular]"
    if depth >= _DEPTH_MAX:
        return "[Deep]"
    above.add(id(value))
    try:
        if isinstance(value, dict):
            return {_name(name): _plain(item, depth + 1, above) for name, item in list(value.items())}
        return [_plain(item, depth + 1, above) for item in list(value)]
    except Exception as error:  # pylint: disable=broad-except
        return "[%s that cannot be read: %s]" % (type(value).__name__, _text(error))
    finally:
        above.discard(id(value))


def _name(name):
    return name if type(name) is str else _text(name)


def _error(error, depth, above, causes=0):
    shown = {"name": type(error).__name__, "message": _text(error)}
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, chain=False)
        shown["stack"] = "".join(lines).rstrip()
    except Exception:  # pylint: disable=broad-except
        pass
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(error) not in above and causes < _CAUSES_MAX:
        above.add(id(error))
        shown["cause"] = _error(cause, depth, above, causes + 1)
        above.discard(id(error))
    for name, item in list(getattr(error, "__dict__", {}).items()):
        if name not in shown and not name.startswith("_"):
            shown[name] = _plain(item, depth + 1, above)
    return shown
