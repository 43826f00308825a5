"""Protocol v1 server on `cryptography`: the demo's server, as a test peer.

It exists to check our native client against a program that shares nothing
with it. Threads, a `clients` table, a key in `server_key.pem`; each decrypted
text is answered with `echo: <text>`. `--attack` makes it a hostile server.
Knows nothing of the Rust code. Prints `listening on HOST:PORT` on stdout and
then one JSON line for each handshake, message and refusal.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import socket
import sys
import threading

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

ATTACKS = [
    "announce_not_a_key", "announce_wrong_header", "announce_key_1024",
    "announce_endless", "wrong_mac", "wrong_padding_with_right_mac",
    "ciphertext_not_multiple_of_16", "malformed_message", "base64_junk",
    "endless_unterminated_frame", "truncated_frame", "error_frame",
    "unknown_error_code",
]

clients = {}
clients_lock = threading.Lock()
print_lock = threading.Lock()


class Refused(Exception):
    """The peer is at fault: `code` goes to it in the error frame."""

    def __init__(self, code, detail):
        super().__init__(detail)
        self.code = code


def log(event, **fields):
    with print_lock:
        print(json.dumps({"event": event, **fields}), flush=True)


def load_or_create_key(path, bits):
    if path and os.path.exists(path):
        with open(path, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)
    key = rsa.generate_private_key(65537, bits)
    if path:
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
    return key


def spki(public_key, encoding):
    return public_key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def fingerprint(public_key):
    digest = hashlib.sha256(spki(public_key, serialization.Encoding.DER)).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def decode(fields, name):
    value = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(value, str):
        raise Refused("malformed", f"no string field {name}")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise Refused("malformed", f"{name} is not base64") from error


def parse(frame):
    try:
        return json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise Refused("malformed", "not JSON") from error


class Connection:
    def __init__(self, sock, addr, key, options):
        self.sock, self.addr, self.key, self.options = sock, addr, key, options
        self.buffer = bytearray()
        self.outgoing = bytearray()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def flush(self):
        data, self.outgoing = bytes(self.outgoing), bytearray()
        # Long runs go out in odd-sized pieces, or a MiB would take a minute.
        if self.options.write == "bytewise":
            for at in range(0, min(len(data), 16384)):
                self.sock.sendall(data[at : at + 1])
            for at in range(16384, len(data), 1021):
                self.sock.sendall(data[at : at + 1021])
        else:
            self.sock.sendall(data)

    def queue_json(self, fields):
        layouts = {
            "default": {},
            "compact": {"separators": (",", ":")},
            "indented": {"indent": 2},
        }
        text = json.dumps(fields, **layouts[self.options.json])
        self.outgoing += text.encode("ascii") + b"\n\n"

    def read_frame(self, limit):
        """The next frame, or None when the peer has closed."""
        scanned = 0
        while (end := self.buffer.find(b"\n\n", scanned)) < 0:
            if len(self.buffer) > limit:
                raise Refused("frame_too_large", f"over {limit} bytes")
            scanned = max(0, len(self.buffer) - 1)
            # What is answered so far leaves in one write, before we wait.
            self.flush()
            chunk = self.sock.recv(65536)
            if not chunk:
                return None
            self.buffer += chunk
        if end > limit:
            raise Refused("frame_too_large", f"over {limit} bytes")
        frame = bytes(self.buffer[:end])
        del self.buffer[: end + 2]
        return frame

    def announce(self):
        pem = spki(self.key.public_key(), serialization.Encoding.PEM)
        attack = self.options.attack
        if attack == "announce_key_1024":
            small = rsa.generate_private_key(65537, 1024).public_key()
            pem = spki(small, serialization.Encoding.PEM)
        elif attack == "announce_not_a_key":
            pem = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
        header = b"SERVER_KEY\n" if attack == "announce_wrong_header" else b"SERVER_PUB\n"
        if attack == "announce_endless":
            pem = b"A" * (4 * 1024 * 1024)
        # The PEM's own newline is the first of the two, unless asked for three.
        extra = b"\n\n" if self.options.extra_newline else b"\n"
        self.outgoing += header + pem + extra
        self.flush()

    def accept_handshake(self, frame):
        fields = parse(frame)
        enc_session = decode(fields, "enc_session")
        client_pem = decode(fields, "client_pub")
        signature = decode(fields, "client_sig")
        sha256 = hashes.SHA256()
        try:
            public = serialization.load_pem_public_key(client_pem)
        except ValueError as error:
            raise Refused("handshake_failed", "client_pub is no key") from error
        sound = isinstance(public, rsa.RSAPublicKey) and 2048 <= public.key_size <= 4096
        if not sound or public.public_numbers().e != 65537:
            raise Refused("handshake_failed", "client_pub is no acceptable key")
        try:
            blob = self.key.decrypt(enc_session, padding.OAEP(padding.MGF1(sha256), sha256, None))
            public.verify(signature, blob, padding.PSS(padding.MGF1(sha256), padding.PSS.AUTO), sha256)
        except (ValueError, InvalidSignature) as error:
            raise Refused("handshake_failed", "decryption or signature") from error
        if len(blob) != 48:
            raise Refused("handshake_failed", f"blob of {len(blob)} bytes")
        state = {"aes_key": blob[:32], "aes_iv": blob[32:], "client_pub": public, "addr": self.addr}
        with clients_lock:
            clients[self.sock] = state
        log("handshake", fingerprint=fingerprint(public), salt_is_32=self.salt_is_32(public, signature, blob))
        return state

    def salt_is_32(self, public, signature, blob):
        """Our own signers promise this length; the verifier takes any."""
        try:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            public.verify(signature, blob, pss, hashes.SHA256())
            return True
        except InvalidSignature:
            return False

    def open(self, state, frame):
        fields = parse(frame)
        ciphertext, tag = decode(fields, "cipher"), decode(fields, "hmac")
        expected = hmac.new(state["aes_key"], ciphertext, hashlib.sha256).digest()
        if not hmac.compare_digest(expected, tag):
            raise Refused("bad_message", "MAC")
        try:
            decryptor = Cipher(algorithms.AES(state["aes_key"]), modes.CBC(state["aes_iv"])).decryptor()
            padded = decryptor.update(ciphertext) + decryptor.finalize()
            unpadder = PKCS7(128).unpadder()
            return (unpadder.update(padded) + unpadder.finalize()).decode("utf-8")
        except ValueError as error:
            raise Refused("bad_message", "padding or text") from error

    def encrypt(self, state, plaintext, pad=True):
        if pad:
            padder = PKCS7(128).padder()
            plaintext = padder.update(plaintext) + padder.finalize()
        encryptor = Cipher(algorithms.AES(state["aes_key"]), modes.CBC(state["aes_iv"])).encryptor()
        return encryptor.update(plaintext) + encryptor.finalize()

    def queue_message(self, state, ciphertext):
        tag = hmac.new(state["aes_key"], ciphertext, hashlib.sha256).digest()
        encoded = {"cipher": base64.b64encode(ciphertext), "hmac": base64.b64encode(tag)}
        self.queue_json({name: value.decode("ascii") for name, value in encoded.items()})

    def answer(self, state, text):
        """Echoes; or, as a hostile server, spoils the echo. False: hang up."""
        attack = self.options.attack
        ciphertext = self.encrypt(state, f"echo: {text}".encode("utf-8"))
        if attack == "wrong_mac":
            self.queue_message({**state, "aes_key": os.urandom(32)}, ciphertext)
        elif attack == "wrong_padding_with_right_mac":
            self.queue_message(state, self.encrypt(state, b"no padding here\x00", pad=False))
        elif attack == "ciphertext_not_multiple_of_16":
            self.queue_message(state, ciphertext + b"\0")
        elif attack == "malformed_message":
            self.queue_json({"cipher": 7})
        elif attack == "base64_junk":
            self.queue_json({"cipher": "!*", "hmac": "?"})
        elif attack == "endless_unterminated_frame":
            self.outgoing += b'{"cipher": "' + b"A" * (8 * 1024 * 1024)
        elif attack == "truncated_frame":
            self.outgoing += b'{"cipher": "AAAA'
            return False
        elif attack in ("error_frame", "unknown_error_code"):
            code = "server_stopping" if attack == "error_frame" else "no_such_code"
            self.queue_json({"error": code, "message": "The server says goodbye."})
            return False
        else:
            self.queue_message(state, ciphertext)
        return True

    def serve(self):
        try:
            self.announce()
            frame = self.read_frame(self.options.max_handshake_bytes)
            if frame is None:
                return
            state = self.accept_handshake(frame)
            for text in self.options.greeting:
                self.queue_message(state, self.encrypt(state, text.encode("utf-8")))
            while (frame := self.read_frame(self.options.max_frame_bytes)) is not None:
                text = self.open(state, frame)
                log("message", bytes=len(text.encode("utf-8")),
                    sha256=hashlib.sha256(text.encode("utf-8")).hexdigest())
                if not self.answer(state, text):
                    break
            self.flush()
        except Refused as refused:
            log("refused", code=refused.code, detail=str(refused))
            self.queue_json({"error": refused.code, "message": f"Refused: {refused}."})
            self.flush_quietly()
        except OSError as error:
            log("connection_lost", why=repr(error))
        finally:
            with clients_lock:
                clients.pop(self.sock, None)
            self.close()

    def flush_quietly(self):
        try:
            self.flush()
        except OSError:
            pass

    def close(self):
        """Reads what is still on its way, or a reset would eat our last frame."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(2)
            while self.sock.recv(65536):
                pass
        except OSError:
            pass
        self.sock.close()
        log("closed")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key-file", help="read, or written if missing; without it the key is not kept")
    parser.add_argument("--key-bits", type=int, default=2048)
    parser.add_argument("--json", choices=["default", "compact", "indented"], default="default")
    parser.add_argument("--write", choices=["whole", "bytewise"], default="whole")
    parser.add_argument("--extra-newline", action="store_true", help="end the announcement with one more newline")
    parser.add_argument("--greeting", action="append", default=[], help="a text sent right after the handshake")
    parser.add_argument("--max-handshake-bytes", type=int, default=16 * 1024)
    parser.add_argument("--max-frame-bytes", type=int, default=1024 * 1024)
    parser.add_argument("--attack", choices=ATTACKS)
    return parser.parse_args()


def exit_with_stdin():
    """A test that dies closes our stdin: then nobody needs us."""
    sys.stdin.buffer.read()
    os._exit(0)


def main():
    options = arguments()
    key = load_or_create_key(options.key_file, options.key_bits)
    listener = socket.create_server((options.host, options.port))
    print("listening on {}:{}".format(*listener.getsockname()[:2]), flush=True)
    threading.Thread(target=exit_with_stdin, daemon=True).start()
    while True:
        sock, addr = listener.accept()
        connection = Connection(sock, addr, key, options)
        threading.Thread(target=connection.serve, daemon=True).start()


if __name__ == "__main__":
    main()
