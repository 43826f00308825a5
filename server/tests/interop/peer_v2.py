"""An independent peer of protocol v2, both roles, written from docs/PROTOCOL.md §2 alone.

Blocking sockets, one thread a connection. client_v2.py and server_v2.py drive
it; attacks_v2.py bends it. Its only helper is PyPI's `cryptography`, and it
knows nothing of the Rust code. Section numbers are those of the document.
"""

import hmac
import os
import struct

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from keys_v2 import (
    Schedule, agree_x25519, announced_spki, announcement_of, check_mlkem_key, fingerprint,
    sign_auth, split_auth, verify_auth,
)
from records_v2 import (
    ALERT, ANNOUNCEMENT_BYTES, BODY_BYTES, CLEAR_ALERT, CLIENT_AUTH, CLIENT_FINISHED, CLIENT_HELLO, CLOSE,
    CONTENT_BYTES, DATA, FRAME_TOO_LARGE, HANDSHAKE_BODY_BYTES, HANDSHAKE_FAILED, KEY_UPDATE, SEALED,
    SERVER_AUTH, SERVER_FINISHED, SERVER_HELLO, UNEXPECTED_MESSAGE, AlertReceived, Closed, Direction,
    ErrorFrame, Fault, Untrusted, data_content, frame, pad, split_data,
)

PREFACE = b"SC/2\n"


class Peer:
    """What both roles share: frames, records, data, the end."""

    def __init__(self, wire, key):
        self.wire, self.key = wire, key
        self.schedule = Schedule()
        self.sending = self.receiving = None
        self.clear_alert_taken = True
        self.established = self.sent_close = self.received_close = False
        self.messages = []
        self.session_id = self.peer_spki = self.former_sending = None
        # The last frame in each direction, for those who send one again.
        self.last_sent = self.last_received = b""

    # --- records out ---

    def seal(self, inner_type, content=b""):
        """The frames of one record; a key_update before it if one is due."""
        assert len(content) <= CONTENT_BYTES
        due = inner_type == DATA and self.sending.is_worn()
        prefix = self.seal(KEY_UPDATE) if due else b""
        self.last_sent = self.sending.seal(pad(content, inner_type))
        if inner_type == KEY_UPDATE:
            self.sending.update()
        return prefix + self.last_sent

    def send(self, inner_type, content=b""):
        self.wire.write(self.seal(inner_type, content))

    def send_messages(self, messages):
        """As few records as possible."""
        out, batch, size = b"", [], 0
        for message in messages:
            if batch and size + 4 + len(message) > CONTENT_BYTES:
                out, batch, size = out + self.seal(DATA, data_content(batch)), [], 0
            batch.append(message)
            size += 4 + len(message)
        self.wire.write(out + self.seal(DATA, data_content(batch)))

    def send_close(self):
        self.send(CLOSE)
        self.sent_close = True

    def send_alert(self, number):
        """Sealed as soon as we have a key, in clear before (§2.11)."""
        content = bytes([number])
        self.wire.write(self.seal(ALERT, content) if self.sending else frame(CLEAR_ALERT, content))

    # --- frames in ---

    def read_frame(self, expected):
        """Header and body of a frame of type `expected`; an alert is raised."""
        self.wire.fill(5)
        size, frame_type = struct.unpack_from(">IB", self.wire.buffer)
        if size > (BODY_BYTES if self.established else HANDSHAKE_BODY_BYTES):
            raise Fault(FRAME_TOO_LARGE, f"a header says {size} bytes")
        self.last_received = self.wire.take(5 + size)
        header, body = self.last_received[:5], self.last_received[5:]
        if frame_type == CLEAR_ALERT and self.clear_alert_taken:
            if size != 1:
                raise Fault(UNEXPECTED_MESSAGE, f"an alert of {size} bytes")
            raise AlertReceived(body[0], sealed=False)
        if frame_type != expected:
            raise Fault(UNEXPECTED_MESSAGE, f"a frame of type {frame_type}")
        return header, body

    def read_record(self, *expected):
        """Inner type and content of a record, whose type must be one of `expected`."""
        inner_type, content = self.receiving.open(*self.read_frame(SEALED))
        self.clear_alert_taken = False
        if inner_type == ALERT and len(content) == 1:
            raise AlertReceived(content[0], sealed=True)
        if inner_type not in expected:
            raise Fault(UNEXPECTED_MESSAGE, f"inner type {inner_type} ({len(content)} bytes)")
        if inner_type in (KEY_UPDATE, CLOSE) and content:
            raise Fault(UNEXPECTED_MESSAGE, f"inner type {inner_type} with content")
        if inner_type == CLOSE:
            self.received_close = True
            raise Closed
        return inner_type, content

    def receive(self):
        """The next message; the other side's renewals of its key are followed on the way."""
        while not self.messages:
            inner_type, content = self.read_record(DATA, KEY_UPDATE, CLOSE)
            if inner_type == KEY_UPDATE:
                self.receiving.update()
            else:
                self.messages = split_data(content)
        return self.messages.pop(0)

    # --- the handshake's common parts ---

    def derive_handshake(self):
        secrets = {label: self.schedule.derive(label) for label in ("c hs", "s hs", "c fin", "s fin")}
        self.fin_c, self.fin_s = secrets["c fin"], secrets["s fin"]
        self.use(secrets["c hs"], secrets["s hs"])

    def establish(self):
        self.exporter = self.schedule.derive("exporter")
        self.session_id = self.schedule.derive("session id", 16)
        # An honest peer would forget it; an attack tries whether the other side did.
        self.former_sending = self.sending
        self.use(self.schedule.derive("c ap"), self.schedule.derive("s ap"))
        self.schedule.prk = self.fin_c = self.fin_s = None
        self.established = True

    def use(self, client_secret, server_secret):
        pair = Direction(client_secret), Direction(server_secret)
        self.sending, self.receiving = pair if self.role == "client" else pair[::-1]


class Client(Peer):
    role = "client"

    def __init__(self, wire, key, pin=None, learn=False):
        super().__init__(wire, key)
        self.pin, self.learn = pin, learn
        self.x25519 = x25519.X25519PrivateKey.generate()
        self.mlkem = mlkem.MLKEM768PrivateKey.generate()
        public = self.x25519.public_key().public_bytes_raw()
        self.hello = frame(
            CLIENT_HELLO, os.urandom(32) + public + self.mlkem.public_key().public_bytes_raw()
        )
        self.clear_alert_taken = False

    def start(self):
        self.wire.write(PREFACE + self.hello)

    def read_announcement(self):
        self.wire.fill(1)
        announcement = self.wire.take_terminated(ANNOUNCEMENT_BYTES)
        if announcement[:1] == b"{":
            raise ErrorFrame(announcement)
        self.announcement = announcement
        self.peer_spki = announced_spki(announcement)
        self.schedule.absorb(announcement + PREFACE + self.hello)

    def read_server_hello(self):
        self.wire.fill(1)
        if self.wire.buffer[:1] == b"{":
            raise ErrorFrame(self.wire.take_terminated(ANNOUNCEMENT_BYTES))
        self.clear_alert_taken = True
        header, body = self.read_frame(SERVER_HELLO)
        if len(body) != 1152:
            raise Fault(HANDSHAKE_FAILED, "server_hello has a wrong length")
        x25519_shared = agree_x25519(self.x25519, body[32:64])
        self.schedule.agree(self.mlkem.decapsulate(body[64:]), x25519_shared)
        self.schedule.absorb(header + body)
        self.derive_handshake()
        self.clear_alert_taken = False

    def read_server_auth(self):
        _, content = self.read_record(SERVER_AUTH)
        spki, signature = split_auth(content)
        if spki != self.peer_spki:
            raise Fault(HANDSHAKE_FAILED, "not the announced key")
        verify_auth("server", self.schedule.th(), spki, signature)
        self.schedule.absorb_sealed(SERVER_AUTH, content)

    def read_server_finished(self):
        _, content = self.read_record(SERVER_FINISHED)
        if not hmac.compare_digest(content, hmac.digest(self.fin_s, self.schedule.th(), "sha256")):
            raise Fault(HANDSHAKE_FAILED, "wrong server_finished")
        self.schedule.absorb_sealed(SERVER_FINISHED, content)

    def judge(self):
        presented = fingerprint(self.peer_spki)
        if self.pin and self.pin != presented:
            self.send_alert(HANDSHAKE_FAILED)
            raise Untrusted(presented)
        if self.learn:
            self.send_close()
            raise Untrusted(presented)

    def read_server(self):
        self.read_server_hello()
        self.read_server_auth()
        self.read_server_finished()
        self.judge()

    def seal_own(self, inner_type, content):
        sealed = self.seal(inner_type, content)
        self.schedule.absorb_sealed(inner_type, content)
        return sealed

    def seal_auth(self, content=None):
        content = content or sign_auth(self.key, "client", self.schedule.th())
        return self.seal_own(CLIENT_AUTH, content)

    def seal_finished(self):
        """The last record of the handshake. The new keys hold from here."""
        content = hmac.digest(self.fin_c, self.schedule.th(), "sha256")
        sealed = self.seal_own(CLIENT_FINISHED, content)
        self.establish()
        return sealed

    def finish(self, messages=()):
        """client_auth and client_finished, and `messages` in the same write."""
        out = self.seal_auth() + self.seal_finished()
        if messages:
            out += self.seal(DATA, data_content(messages))
        self.wire.write(out)


class Server(Peer):
    role = "server"

    def __init__(self, wire, key):
        super().__init__(wire, key)
        self.announcement = announcement_of(key.public_key())

    def read_client_hello(self):
        for place in range(len(PREFACE)):
            if self.wire.take(1) != PREFACE[place : place + 1]:
                raise Fault(UNEXPECTED_MESSAGE, "not the preface of v2")
        header, body = self.read_frame(CLIENT_HELLO)
        if len(body) != 1248:
            raise Fault(HANDSHAKE_FAILED, "client_hello has a wrong length")
        self.client_mlkem = check_mlkem_key(body[64:])
        own = x25519.X25519PrivateKey.generate()
        self.x25519_public = own.public_key().public_bytes_raw()
        self.x25519_shared = agree_x25519(own, body[32:64])
        self.schedule.absorb(self.announcement + PREFACE + header + body)

    def hello(self):
        """server_hello, with what both sides then share."""
        self.mlkem_shared, ciphertext = self.client_mlkem.encapsulate()
        return frame(SERVER_HELLO, os.urandom(32) + self.x25519_public + ciphertext)

    def take_hello(self, hello):
        self.schedule.agree(self.mlkem_shared, self.x25519_shared)
        self.schedule.absorb(hello)
        self.derive_handshake()
        self.last_hello = hello
        return hello

    def seal_auth(self, content=None):
        content = content or sign_auth(self.key, "server", self.schedule.th())
        sealed = self.seal(SERVER_AUTH, content)
        self.schedule.absorb_sealed(SERVER_AUTH, content)
        return sealed

    def seal_finished(self):
        content = hmac.digest(self.fin_s, self.schedule.th(), "sha256")
        sealed = self.seal(SERVER_FINISHED, content)
        self.schedule.absorb_sealed(SERVER_FINISHED, content)
        return sealed

    def send_flight(self):
        # In this order: each of them is bound to the ones before it.
        hello = self.take_hello(self.hello())
        auth = self.seal_auth()
        self.wire.write(hello + auth + self.seal_finished())

    def read_client_auth(self):
        _, content = self.read_record(CLIENT_AUTH, CLOSE)
        spki, signature = split_auth(content)
        verify_auth("client", self.schedule.th(), spki, signature)
        self.schedule.absorb_sealed(CLIENT_AUTH, content)
        self.peer_spki = spki

    def read_client_finished(self):
        _, content = self.read_record(CLIENT_FINISHED)
        if not hmac.compare_digest(content, hmac.digest(self.fin_c, self.schedule.th(), "sha256")):
            raise Fault(HANDSHAKE_FAILED, "wrong client_finished")
        self.schedule.absorb_sealed(CLIENT_FINISHED, content)
        self.establish()
