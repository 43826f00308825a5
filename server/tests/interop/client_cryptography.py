"""Protocol v1 client on `cryptography`, driven by JSON lines on stdin.

It exists to check our server against a program that shares nothing with it:
written from the protocol's description only, and knows nothing of the Rust
code, of the other Python client, or of how the server is tested. What a
hostile peer would send is in attacks.py, which only this client uses.

Commands (one JSON object a line):
  {"op":"send","text":T}              {"op":"send_size","bytes":N,"seed":K}
  {"op":"raw","base64":B}             {"op":"recv","timeout":SECONDS}
  {"op":"half_close"}                 {"op":"close"}
Every command is answered with one JSON line that has an "event".
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import random
import socket
import sys
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

TERMINATOR = b"\n\n"
# Only this much at each end of a write goes out byte by byte; the middle of a
# long one goes in odd-sized pieces, or a MiB would take a minute.
BYTEWISE_HEAD = 32 * 1024
BYTEWISE_TAIL = 2 * 1024
BYTEWISE_PIECE = 1021


emit_lock = threading.Lock()


def emit(event, **fields):
    # An attack sends from a second thread: lines must not run into each other.
    with emit_lock:
        print(json.dumps({"event": event, **fields}), flush=True)


class Wire:
    """One socket: writes in the chosen style, reads frame by frame."""

    def __init__(self, sock, write_style):
        self.sock = sock
        self.write_style = write_style
        self.buffer = bytearray()
        self.scanned = 0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data):
        self.sock.settimeout(60)
        if self.write_style != "bytewise":
            self.sock.sendall(data)
            return
        middle_end = max(BYTEWISE_HEAD, len(data) - BYTEWISE_TAIL)
        at = 0
        while at < len(data):
            middle = BYTEWISE_HEAD <= at < middle_end
            size = min(BYTEWISE_PIECE, middle_end - at) if middle else 1
            self.sock.sendall(data[at : at + size])
            at += size

    def take_frame(self):
        """The next whole frame without its terminator, or None."""
        end = self.buffer.find(TERMINATOR, max(0, self.scanned - 1))
        if end < 0:
            self.scanned = len(self.buffer)
            return None
        frame = bytes(self.buffer[:end])
        del self.buffer[: end + len(TERMINATOR)]
        self.scanned = 0
        return frame

    def read_frame(self, timeout):
        """A frame; raises TimeoutError, EOFError or ConnectionError."""
        deadline = time.monotonic() + timeout
        while (frame := self.take_frame()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            chunk = self.sock.recv(65536)
            if not chunk:
                raise EOFError
            self.buffer += chunk
        return frame

    def skip_one_newline(self):
        """Drops the one further newline an announcement may end with."""
        if self.buffer[:1] == b"\n":
            del self.buffer[:1]
            self.scanned = 0


class Session:
    """The keys of an established session, and what they do."""

    def __init__(self, blob):
        self.aes_key, self.iv = blob[:32], blob[32:48]

    def cipher(self):
        return Cipher(algorithms.AES(self.aes_key), modes.CBC(self.iv))

    def mac(self, ciphertext):
        return hmac.new(self.aes_key, ciphertext, hashlib.sha256).digest()

    def encrypt(self, plaintext):
        padder = PKCS7(128).padder()
        padded = padder.update(plaintext) + padder.finalize()
        return self.encrypt_blocks(padded)

    def encrypt_blocks(self, padded):
        encryptor = self.cipher().encryptor()
        return encryptor.update(padded) + encryptor.finalize()

    def open(self, cipher, tag):
        ciphertext = base64.b64decode(cipher, validate=True)
        given = base64.b64decode(tag, validate=True)
        if not hmac.compare_digest(given, self.mac(ciphertext)):
            raise ValueError("wrong MAC")
        decryptor = self.cipher().decryptor()
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()


def b64(data):
    return base64.b64encode(data).decode("ascii")


def pss(salt):
    length = padding.PSS.MAX_LENGTH if salt == "max" else int(salt)
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=length)


def oaep(algorithm):
    return padding.OAEP(mgf=padding.MGF1(algorithm), algorithm=algorithm, label=None)


class Client:
    def __init__(self, options):
        self.options = options
        sock = socket.create_connection((options.host, options.port), timeout=20)
        self.wire = Wire(sock, options.write)
        self.key = self.load_key()
        self.server_key = None
        self.blob = os.urandom(48)
        self.session = Session(self.blob)

    def load_key(self):
        if self.options.key:
            with open(self.options.key, "rb") as file:
                return serialization.load_pem_private_key(file.read(), None)
        return rsa.generate_private_key(65537, self.options.key_bits)

    def frame(self, fields):
        """One JSON frame in the chosen layout, with its terminator."""
        if self.options.json == "indented":
            text = json.dumps(fields, indent=4)
        else:
            text = json.dumps(fields, separators=(",", ":"))
        return text.encode("ascii") + TERMINATOR

    def read_announcement(self):
        frame = self.wire.read_frame(20)
        self.wire.skip_one_newline()
        header, _, pem = frame.partition(b"\n")
        if header != b"SERVER_PUB":
            raise ValueError(f"not an announcement: {frame[:60]!r}")
        self.server_key = serialization.load_pem_public_key(pem)
        der = self.server_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = b64(hashlib.sha256(der).digest()).rstrip("=")
        local = "{}:{}".format(*self.wire.sock.getsockname()[:2])
        emit("announced", fingerprint=f"SHA256:{digest}", pem=pem.decode("ascii") + "\n", local=local)

    def public_pem(self):
        kinds = {
            "spki": serialization.PublicFormat.SubjectPublicKeyInfo,
            "pkcs1": serialization.PublicFormat.PKCS1,
        }
        public = self.key.public_key()
        return public.public_bytes(serialization.Encoding.PEM, kinds[self.options.client_pub])

    def handshake_fields(self):
        enc_session = self.server_key.encrypt(self.blob, oaep(hashes.SHA256()))
        signature = self.key.sign(self.blob, pss(self.options.salt), hashes.SHA256())
        return {
            "enc_session": b64(enc_session),
            "client_pub": b64(self.public_pem()),
            "client_sig": b64(signature),
        }

    def message_fields(self, plaintext):
        ciphertext = self.session.encrypt(plaintext)
        return {"cipher": b64(ciphertext), "hmac": b64(self.session.mac(ciphertext))}

    def establish(self):
        data = self.frame(self.handshake_fields())
        if self.options.write == "merged":
            for text in json.loads(self.options.merge_texts):
                data += self.frame(self.message_fields(text.encode("utf-8")))
        self.wire.write(data)
        emit("established")

    def receive(self, timeout):
        """Reads one frame, reports it, and says whether more may follow."""
        try:
            frame = self.wire.read_frame(timeout)
        except TimeoutError:
            emit("timeout")
            return False
        except EOFError:
            emit("closed", truncated=bool(self.wire.buffer), reset=False)
            return False
        except ConnectionError:
            emit("closed", truncated=bool(self.wire.buffer), reset=True)
            return False
        try:
            self.report(json.loads(frame))
        except (ValueError, KeyError, TypeError) as error:
            emit("invalid_frame", why=repr(error))
        return True

    def report(self, fields):
        if "error" in fields:
            emit("error_frame", code=fields["error"], message=fields["message"])
            return
        plaintext = self.session.open(fields["cipher"], fields["hmac"])
        emit("message", text=plaintext.decode("utf-8"), sha256=hashlib.sha256(plaintext).hexdigest())

    def send_text(self, text):
        plaintext = text.encode("utf-8")
        self.wire.write(self.frame(self.message_fields(plaintext)))
        emit("sent", bytes=len(plaintext), sha256=hashlib.sha256(plaintext).hexdigest())

    def run_command(self, command):
        op = command["op"]
        if op == "send":
            self.send_text(command["text"])
        elif op == "send_size":
            self.send_text(text_of_size(command["bytes"], command["seed"]))
        elif op == "raw":
            data = base64.b64decode(command["base64"], validate=True)
            self.wire.write(data)
            emit("sent_raw", bytes=len(data))
        elif op == "recv":
            self.receive(command.get("timeout", 10))
        elif op == "half_close":
            self.wire.sock.shutdown(socket.SHUT_WR)
            emit("half_closed")
        elif op == "close":
            self.wire.sock.close()
            emit("bye")
        else:
            emit("unknown_op", op=op)
        return op != "close"


def text_of_size(size, seed):
    """A text of exactly `size` UTF-8 bytes, the same for the same seed."""
    generator = random.Random(seed)
    letters = "abcdefghij klmnopqrst uvwxyz 0123456789 äöüßéñ Жыщ 漢字かな 😀🦀"
    room = size - 1
    parts = []
    while room > 0:
        letter = generator.choice(letters)
        length = len(letter.encode("utf-8"))
        if length > room or (not parts and letter == " "):
            letter, length = "x", 1
        parts.append(letter)
        room -= length
    return "".join(parts) + "."


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--salt", choices=["max", "32"], default="32")
    parser.add_argument("--write", choices=["whole", "bytewise", "merged"], default="whole")
    parser.add_argument("--merge-texts", default="[]", help="JSON array, sent with the handshake")
    parser.add_argument("--json", choices=["compact", "indented"], default="compact")
    parser.add_argument("--client-pub", choices=["spki", "pkcs1"], default="spki")
    parser.add_argument("--key-bits", type=int, choices=[2048, 3072, 4096], default=2048)
    parser.add_argument("--key", help="PEM file with the client's private key")
    parser.add_argument("--attack", help="send what this hostile peer sends, then report the answer")
    parser.add_argument("--phase", choices=["handshake", "message"], default="handshake",
                        help="which frame a base64_* or json_* attack spoils")
    parser.add_argument("--attack-timeout", type=float, default=15)
    return parser.parse_args()


def main():
    options = arguments()
    client = Client(options)
    try:
        client.read_announcement()
    except (EOFError, ConnectionError, TimeoutError, ValueError) as error:
        emit("no_announcement", why=repr(error))
        return
    if options.attack:
        import attacks

        attacks.run(client, options.attack, options.phase, options.attack_timeout, emit)
        return
    client.establish()
    for line in sys.stdin:
        try:
            if not client.run_command(json.loads(line)):
                return
        except OSError as error:
            # The next recv tells why the connection is gone.
            emit("write_failed", why=repr(error))


if __name__ == "__main__":
    main()
