"""The client's side of the WebSocket tunnel (docs/PROTOCOL.md §3, RFC 6455), in the shape of a socket.

Each write goes out as several messages of odd sizes, and one is split into
frames: the boundaries mean nothing, and whoever relies on them is found out.
"""

import base64
import hashlib
import os
import struct

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, BINARY, CLOSE, PING, PONG = 0, 2, 8, 9, 10
SIZES = [1, 7, 300, 1021, 40_000]


class WebSocket:
    def __init__(self, sock, host, port):
        self.sock, self.buffer, self.ready, self.close_code = sock, bytearray(), bytearray(), None
        key = base64.b64encode(os.urandom(16))
        request = (
            f"GET /ws?encoding=binary HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n\r\n"
        )
        sock.sendall(request.encode("ascii"))
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self.fill(len(self.buffer) + 1)
        head = bytes(self.buffer[:end])
        del self.buffer[: end + 4]
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
        if not head.startswith(b"HTTP/1.1 101 ") or accept not in head:
            raise ConnectionError(f"no upgrade: {head!r}")

    def fill(self, size):
        while len(self.buffer) < size:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise ConnectionResetError("the tunnel ended without a close frame")
            self.buffer += chunk

    def send_frame(self, opcode, payload, final=True):
        size, first = len(payload), (0x80 if final else 0) | opcode
        if size < 126:
            header = struct.pack(">BB", first, 0x80 | size)
        elif size < 1 << 16:
            header = struct.pack(">BBH", first, 0x80 | 126, size)
        else:
            header = struct.pack(">BBQ", first, 0x80 | 127, size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.sock.sendall(header + mask + masked)

    def sendall(self, data):
        at, turn = 0, 0
        while at < len(data):
            piece = data[at : at + SIZES[turn % len(SIZES)]]
            half = len(piece) // 2
            self.send_frame(BINARY, piece[:half], final=False)
            self.send_frame(CONTINUATION, piece[half:])
            at, turn = at + len(piece), turn + 1

    def recv(self, size):
        while not self.ready:
            if self.close_code is not None:
                return b""
            # What a timeout interrupts is still in the buffer the next time.
            self.fill(2)
            length, header = self.buffer[1] & 0x7F, 2
            if length == 126:
                self.fill(4)
                (length,), header = struct.unpack_from(">H", self.buffer, 2), 4
            elif length == 127:
                self.fill(10)
                (length,), header = struct.unpack_from(">Q", self.buffer, 2), 10
            self.fill(header + length)
            opcode = self.buffer[0] & 0x0F
            payload = bytes(self.buffer[header : header + length])
            del self.buffer[: header + length]
            self.take(opcode, payload)
        taken = bytes(self.ready[:size])
        del self.ready[:size]
        return taken

    def take(self, opcode, payload):
        if opcode in (CONTINUATION, BINARY):
            self.ready += payload
        elif opcode == PING:
            self.send_frame(PONG, payload)
        elif opcode == CLOSE:
            (self.close_code,) = struct.unpack_from(">H", payload) if payload else (1005,)
        else:
            raise ConnectionError(f"a WebSocket frame of type {opcode}")

    def settimeout(self, seconds):
        self.sock.settimeout(seconds)

    def getsockname(self):
        return self.sock.getsockname()

    def shutdown(self, _how):
        """A tunnel has no half: this ends both (the close of v2 is what ends one direction)."""
        self.send_frame(CLOSE, struct.pack(">H", 1000))

    def close(self):
        self.sock.close()
