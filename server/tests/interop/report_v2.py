"""What the programs of protocol v2 tell their test: one JSON line an event.

Used by client_v2.py and server_v2.py; knows how a peer's faults are called, and
nothing of who listens.
"""

import base64
import hashlib
import json
import struct
import threading

from peer_v2 import PREFACE
from records_v2 import (
    ALERT, ALERTS, CLEAR_ALERT, CLIENT_HELLO, CLOSE, DATA, KEY_UPDATE, SEALED, AlertReceived, Closed, ErrorFrame,
    Fault, Truncated, split_data,
)

emit_lock = threading.Lock()


def emit(event, **fields):
    with emit_lock:
        print(json.dumps({"event": event, **fields}), flush=True)


def emit_message(plaintext):
    digest = hashlib.sha256(plaintext).hexdigest()
    try:
        emit("message", text=plaintext.decode("utf-8"), sha256=digest)
    except UnicodeDecodeError:
        emit("message", base64=base64.b64encode(plaintext).decode("ascii"), sha256=digest)


def emit_alert(number, sealed):
    emit("alert", number=number, name=ALERTS.get(number, "unknown"), sealed=sealed)


def emit_end(peer, error):
    """How a session ended, with the alert that we owe for it."""
    if isinstance(error, Fault):
        emit("refused", alert=ALERTS[error.alert], why=str(error))
        try:
            peer.send_alert(error.alert)
        except OSError:
            pass  # Whoever is gone needs no alert.
    elif isinstance(error, AlertReceived):
        emit_alert(error.number, error.sealed)
    elif isinstance(error, ErrorFrame):
        emit("error_frame", code=error.fields["error"], message=error.fields["message"])
    elif isinstance(error, Closed):
        emit("close_received")
        return
    emit(
        "closed", truncated=isinstance(error, Truncated), reset=isinstance(error, ConnectionError),
        sent_updates=updates(peer.sending), received_updates=updates(peer.receiving),
    )


def updates(direction):
    return direction.updates if direction else 0


def watch(peer):
    """After an attack: tells everything that still comes, right or wrong, until the stream ends.

    Nothing stops it, so that an answer after the last answer is seen too.
    """
    wire, alert, end = peer.wire, False, False
    try:
        while True:
            wire.fill(1)
            if peer.role == "server" and wire.buffer[:1] == PREFACE[:1]:
                wire.take(len(PREFACE))
                continue
            wire.fill(5)
            size, frame_type = struct.unpack_from(">IB", wire.buffer)
            frame = wire.take(5 + size)
            if frame_type == CLEAR_ALERT and size == 1:
                alert = True
                emit_alert(frame[5], sealed=False)
            elif frame_type == SEALED and peer.receiving:
                inner_type, content = peer.receiving.open(frame[:5], frame[5:])
                alert, end = alert or inner_type == ALERT, end or inner_type == CLOSE
                watch_record(peer, inner_type, content)
            elif not (frame_type == CLIENT_HELLO and peer.role == "server"):
                emit("frame", type=frame_type, bytes=size)
    except Fault as fault:
        emit("unreadable", why=str(fault))
        wire.drop()
        emit("closed", truncated=False, reset=False)
    except Truncated:
        emit("closed", truncated=bool(wire.buffer) or not (alert or end), reset=False)
    except TimeoutError:
        emit("timeout")
    except ConnectionError:
        emit("closed", truncated=not (alert or end), reset=True)


def watch_record(peer, inner_type, content):
    if inner_type == DATA:
        for message in split_data(content):
            emit_message(message)
    elif inner_type == KEY_UPDATE:
        peer.receiving.update()
    elif inner_type == ALERT:
        for number in content:
            emit_alert(number, sealed=True)
    elif inner_type == CLOSE:
        emit("close_received")
    else:
        emit("record", type=inner_type, bytes=len(content))
