"""Second protocol v1 client, on pycryptodome alone.

A program of its own, sharing no line with the client on `cryptography`: two
libraries that agree with our server leave little room for a shared mistake.
Knows nothing of the Rust code. Same commands on stdin and events on stdout:
send, send_size, raw, recv, half_close, close.
"""

import argparse
import base64
import itertools
import json
import select
import socket
import sys
import time

from Crypto.Cipher import AES, PKCS1_OAEP
from Crypto.Hash import HMAC, SHA256
from Crypto.PublicKey import RSA
from Crypto.Random import get_random_bytes
from Crypto.Signature import pss
from Crypto.Util.asn1 import DerSequence
from Crypto.Util.Padding import pad, unpad


def say(**event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def encode(data):
    return str(base64.standard_b64encode(data), "ascii")


def decode(text):
    data = base64.standard_b64decode(text)
    # The decoder skips letters outside the alphabet; the protocol does not.
    if encode(data) != text:
        raise ValueError("base64 is not canonical")
    return data


# --- the stream ---


def dribble(sock, data):
    """One byte a send for the ends of `data`, small pieces for its middle."""
    edge = 20_000
    if len(data) <= 2 * edge:
        pieces = (data[i : i + 1] for i in range(len(data)))
    else:
        head, middle, tail = data[:edge], data[edge:-2000], data[-2000:]
        pieces = itertools.chain(
            (head[i : i + 1] for i in range(len(head))),
            (middle[i : i + 777] for i in range(0, len(middle), 777)),
            (tail[i : i + 1] for i in range(len(tail))),
        )
    for piece in pieces:
        sock.sendall(piece)


def frames(sock):
    """Yields frames as they come, and None for each wait that ran out.

    The consumer sends the seconds to wait for the next one: generators keep
    the half-read tail of the stream for us.
    """
    tail = b""
    wait = yield
    while True:
        deadline = time.monotonic() + wait
        pieces = [tail]
        while b"\n\n" not in pieces[-1]:
            readable, _, _ = select.select([sock], [], [], max(0, deadline - time.monotonic()))
            if not readable:
                break
            chunk = sock.recv(1 << 16)
            if not chunk:
                raise EOFError(len(b"".join(pieces)))
            # Keep one byte with the new piece: the terminator may straddle.
            last = pieces.pop()
            pieces += [last[:-1], last[-1:] + chunk] if last else [chunk]
        tail = b"".join(pieces)
        frame, ended, rest = tail.partition(b"\n\n")
        if not ended:
            wait = yield None
            continue
        tail = rest
        if frame.startswith(b"SERVER_PUB") and tail[:1] == b"\n":
            tail = tail[1:]
        wait = yield frame


# --- the protocol ---


def parse_announcement(frame, sock):
    first_line, pem = frame.split(b"\n", 1)
    if first_line != b"SERVER_PUB":
        raise SystemExit("the server did not announce a key")
    key = RSA.import_key(pem)
    digest = SHA256.new(key.export_key("DER")).digest()
    say(
        event="announced",
        fingerprint="SHA256:" + encode(digest).rstrip("="),
        pem=str(pem, "ascii") + "\n",
        local=":".join(map(str, sock.getsockname()[:2])),
    )
    return key


def public_pem(key, form):
    if form == "spki":
        return key.public_key().export_key("PEM")
    body = encode(DerSequence([key.n, key.e]).encode())
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN RSA PUBLIC KEY-----\n{lines}\n-----END RSA PUBLIC KEY-----".encode()


def to_json_frame(members, indented):
    if indented:
        text = json.dumps(members, indent="\t", sort_keys=True)
    else:
        text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return text.encode() + b"\n\n"


def handshake(server_key, key, secret, settings):
    # The largest salt is what the encoded block leaves beside hash and two bytes.
    longest = (key.size_in_bits() - 1 + 7) // 8 - SHA256.digest_size - 2
    salt = longest if settings.salt == "max" else int(settings.salt)
    signer = pss.new(key, salt_bytes=salt)
    members = {
        "client_sig": encode(signer.sign(SHA256.new(secret))),
        "client_pub": encode(public_pem(key, settings.client_pub)),
        "enc_session": encode(PKCS1_OAEP.new(server_key, hashAlgo=SHA256).encrypt(secret)),
    }
    return to_json_frame(members, settings.json == "indented")


def seal(secret, plaintext, settings):
    aes_key, iv = secret[:32], secret[32:]
    ciphertext = AES.new(aes_key, AES.MODE_CBC, iv).encrypt(pad(plaintext, 16))
    tag = HMAC.new(aes_key, ciphertext, SHA256).digest()
    members = {"hmac": encode(tag), "cipher": encode(ciphertext)}
    return to_json_frame(members, settings.json == "indented")


def unseal(secret, members):
    aes_key, iv = secret[:32], secret[32:]
    ciphertext = decode(members["cipher"])
    HMAC.new(aes_key, ciphertext, SHA256).verify(decode(members["hmac"]))
    return unpad(AES.new(aes_key, AES.MODE_CBC, iv).decrypt(ciphertext), 16)


def describe(frame, secret):
    members = json.loads(frame)
    if "error" in members:
        return {"event": "error_frame", "code": members["error"], "message": members["message"]}
    plaintext = unseal(secret, members)
    digest = SHA256.new(plaintext).hexdigest()
    return {"event": "message", "text": str(plaintext, "utf-8"), "sha256": digest}


def filler(size, seed):
    """`size` bytes of UTF-8: a repeated pangram, turned by `seed`, cut to fit."""
    phrase = "Zwölf Boxkämpfer jagen Viktor; 敏捷的棕色狐狸 🦊 ξεσκεπάζω "
    turn = seed % len(phrase)
    phrase = phrase[turn:] + phrase[:turn]
    whole = phrase.encode() * (size // len(phrase.encode()) + 1)
    cut = whole[: max(0, size - 1)].decode("utf-8", "ignore")
    text = "<" + cut.lstrip()
    return text + "." * (size - len(text.encode()))


# --- the driver ---


def receive(stream, secret, seconds):
    try:
        frame = stream.send(seconds)
    except EOFError as rest:
        return {"event": "closed", "truncated": rest.args[0] > 0, "reset": False}
    except ConnectionError:
        return {"event": "closed", "truncated": False, "reset": True}
    except StopIteration:
        # The stream ended at an earlier recv and stays ended.
        return {"event": "closed", "truncated": False, "reset": False}
    if frame is None:
        return {"event": "timeout"}
    try:
        return describe(frame, secret)
    except (ValueError, KeyError, TypeError) as problem:
        return {"event": "invalid_frame", "why": repr(problem)}


def obey(command, sock, stream, secret, settings):
    send = sock.sendall if settings.write != "bytewise" else lambda data: dribble(sock, data)
    match command:
        case {"op": "send", "text": text}:
            return send_text(send, text, secret, settings)
        case {"op": "send_size", "bytes": size, "seed": seed}:
            return send_text(send, filler(size, seed), secret, settings)
        case {"op": "raw", "base64": text}:
            data = decode(text)
            send(data)
            return {"event": "sent_raw", "bytes": len(data)}
        case {"op": "recv"}:
            return receive(stream, secret, command.get("timeout", 10))
        case {"op": "half_close"}:
            sock.shutdown(socket.SHUT_WR)
            return {"event": "half_closed"}
        case {"op": "close"}:
            sock.close()
            return {"event": "bye"}
    return {"event": "unknown_op", "op": command.get("op")}


def send_text(send, text, secret, settings):
    plaintext = text.encode()
    send(seal(secret, plaintext, settings))
    return {"event": "sent", "bytes": len(plaintext), "sha256": SHA256.new(plaintext).hexdigest()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--salt", choices=("max", "32"), default="32")
    parser.add_argument("--write", choices=("whole", "bytewise", "merged"), default="whole")
    parser.add_argument("--merge-texts", type=json.loads, default=[])
    parser.add_argument("--json", choices=("compact", "indented"), default="compact")
    parser.add_argument("--client-pub", choices=("spki", "pkcs1"), default="spki")
    parser.add_argument("--key-bits", type=int, choices=(2048, 3072, 4096), default=2048)
    parser.add_argument("--key", type=argparse.FileType("rb"))
    settings = parser.parse_args()

    key = RSA.import_key(settings.key.read()) if settings.key else RSA.generate(settings.key_bits)
    secret = get_random_bytes(32 + 16)
    sock = socket.create_connection((settings.host, settings.port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    stream = frames(sock)
    next(stream)
    announcement = stream.send(20)
    if announcement is None:
        raise SystemExit("no announcement within 20 s")
    server_key = parse_announcement(announcement, sock)

    first = handshake(server_key, key, secret, settings)
    if settings.write == "merged":
        first += b"".join(seal(secret, text.encode(), settings) for text in settings.merge_texts)
    (dribble if settings.write == "bytewise" else socket.socket.sendall)(sock, first)
    say(event="established")

    for line in sys.stdin:
        try:
            answer = obey(json.loads(line), sock, stream, secret, settings)
        except OSError as problem:
            answer = {"event": "write_failed", "why": repr(problem)}
        say(**answer)
        if answer["event"] == "bye":
            break


if __name__ == "__main__":
    main()
