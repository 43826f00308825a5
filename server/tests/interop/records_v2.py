"""Frames, sealed records and the faults of protocol v2 (docs/PROTOCOL.md §2.2, §2.5, §2.9 to §2.13).

Knows one socket and one direction's secret; nothing of a handshake.
"""

import hmac
import json
import socket
import struct
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

# Types of frames (§2.2) and inner types of records (§2.5).
CLIENT_HELLO, SERVER_HELLO, SEALED, CLEAR_ALERT = 1, 2, 3, 4
SERVER_AUTH, SERVER_FINISHED, CLIENT_AUTH, CLIENT_FINISHED = 1, 2, 3, 4
DATA, KEY_UPDATE, ALERT, CLOSE = 5, 6, 7, 8
# §2.11
ALERTS = {
    1: "unexpected_message", 2: "frame_too_large", 3: "handshake_failed", 4: "bad_record",
    5: "timeout", 6: "server_stopping", 7: "too_many_connections", 8: "slow_consumer", 9: "kicked",
}
UNEXPECTED_MESSAGE, FRAME_TOO_LARGE, HANDSHAKE_FAILED, BAD_RECORD = 1, 2, 3, 4
# §2.13
ANNOUNCEMENT_BYTES = 16 * 1024
HANDSHAKE_BODY_BYTES = 8 * 1024
BODY_BYTES = 64 * 1024 + 256
MESSAGE_BYTES = 65_536
CONTENT_BYTES = 65_727
SEND_RECORDS, SEND_BYTES, SEND_SECONDS = 1 << 20, 1 << 30, 600
RECEIVE_RECORDS = 1 << 21


class Fault(Exception):
    """What we refuse, with the alert that says so."""

    def __init__(self, alert, why):
        super().__init__(why)
        self.alert = alert


class AlertReceived(Exception):
    def __init__(self, number, sealed):
        super().__init__(ALERTS.get(number, "unknown"))
        self.number, self.sealed = number, sealed


class ErrorFrame(Exception):
    """An error frame of v1 (§1.5), from before the server knew the version."""

    def __init__(self, frame):
        super().__init__(repr(frame[:200]))
        self.fields = json.loads(frame)


class Closed(Exception):
    """The authenticated end of the other side's direction."""


class Truncated(Exception):
    """The stream ended and neither close nor alert said so."""


class Untrusted(Exception):
    def __init__(self, presented):
        super().__init__(presented)


class Wire:
    """Bytes in and out of one socket, in whole or in bytewise writes."""

    def __init__(self, sock, write_style="whole", timeout=60.0):
        self.sock, self.write_style, self.timeout = sock, write_style, timeout
        self.buffer = bytearray()

    def write(self, data):
        self.sock.settimeout(self.timeout)
        if self.write_style == "whole":
            self.sock.sendall(data)
            return
        head, tail = data[:2048], data[2048:]
        for at in range(len(head)):
            self.sock.sendall(head[at : at + 1])
        for at in range(0, len(tail), 1021):
            self.sock.sendall(tail[at : at + 1021])

    def fill(self, size):
        """Waits until `size` bytes are buffered. None of them is lost by a timeout."""
        deadline = time.monotonic() + self.timeout
        while len(self.buffer) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            chunk = self.sock.recv(65536)
            if not chunk:
                raise Truncated(f"with {len(self.buffer)} bytes of an unfinished frame")
            self.buffer += chunk

    def take(self, size):
        self.fill(size)
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def take_terminated(self, limit):
        """Up to the first \\n\\n, which is taken too and returned with the rest."""
        while (end := self.buffer.find(b"\n\n")) < 0:
            if len(self.buffer) >= limit + 2:
                raise Fault(FRAME_TOO_LARGE, "no end of the announcement")
            self.fill(len(self.buffer) + 1)
        if end > limit:
            raise Fault(FRAME_TOO_LARGE, "the announcement is too long")
        return self.take(end + 2)

    def end(self):
        self.sock.shutdown(socket.SHUT_WR)

    def drop(self):
        """Ends our side and reads what still comes, or a reset would eat what we said last."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(2)
            while self.sock.recv(65536):
                pass
        except OSError:
            pass
        self.sock.close()


def extract(salt, ikm):
    return hmac.digest(salt, ikm, "sha256")


def expand(secret, label, context=b"", size=32):
    info = b"SC/2 " + label.encode("ascii") + b"\0" + context
    return hmac.digest(secret, info + b"\x01", "sha256")[:size]


class Direction:
    """One direction's record secret and what follows from it (§2.4, §2.5, §2.10)."""

    def __init__(self, secret):
        self.updates = 0
        self.use(secret)

    def use(self, secret):
        self.secret, self.seq, self.bytes, self.since = secret, 0, 0, None
        self.aead = ChaCha20Poly1305(expand(secret, "key"))
        self.iv = int.from_bytes(expand(secret, "iv", size=12), "big")

    def update(self):
        self.use(expand(self.secret, "rekey"))
        self.updates += 1

    def nonce(self):
        return (self.iv ^ self.seq).to_bytes(12, "big")

    def is_worn(self):
        old = self.since is not None and time.monotonic() - self.since >= SEND_SECONDS
        return old or self.seq >= SEND_RECORDS or self.bytes >= SEND_BYTES

    def seal(self, inner):
        """The whole frame of `inner`, which is padded already."""
        header = struct.pack(">IB", len(inner) + 16, SEALED)
        sealed = self.aead.encrypt(self.nonce(), inner, header)
        self.since = self.since or time.monotonic()
        self.seq, self.bytes = self.seq + 1, self.bytes + len(inner)
        return header + sealed

    def open(self, header, body):
        """Inner type and content."""
        size = len(body) - 16
        if size < 64 or size % 64:
            raise Fault(BAD_RECORD, f"a record with a body of {len(body)} bytes")
        if self.seq >= RECEIVE_RECORDS:
            raise Fault(BAD_RECORD, "too many records under one key")
        try:
            inner = self.aead.decrypt(self.nonce(), body, header)
        except InvalidTag:
            raise Fault(BAD_RECORD, "a record does not open") from None
        self.seq += 1
        stripped = inner.rstrip(b"\0")
        if not stripped or len(inner) - len(stripped) > 63:
            raise Fault(BAD_RECORD, "wrong padding")
        return stripped[-1], stripped[:-1]


def pad(content, inner_type):
    inner = content + bytes([inner_type])
    return inner + bytes(-len(inner) % 64)


def frame(frame_type, body):
    return struct.pack(">IB", len(body), frame_type) + body


def data_content(messages):
    return b"".join(struct.pack(">I", len(message)) + message for message in messages)


def split_data(content):
    messages, at = [], 0
    while at < len(content):
        if len(content) - at < 4:
            raise Fault(BAD_RECORD, "a length is cut off")
        (size,) = struct.unpack_from(">I", content, at)
        at += 4
        if size > MESSAGE_BYTES or size > len(content) - at:
            raise Fault(BAD_RECORD, "a message's length does not fit")
        messages.append(content[at : at + size])
        at += size
    if not messages:
        raise Fault(BAD_RECORD, "a data record without a message")
    return messages
