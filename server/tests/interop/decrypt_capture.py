"""Proves that captured bytes are protocol v1, and prints what they say.

    decrypt_capture.py CAPTURE.json server_key.pem

The capture is {"client_to_server": B, "server_to_client": B} or
{"tunnels": [such an object, …]}; B is base64 of the stream, or a list of
base64 chunks in order. The server's private key opens the session; then every
layout, key name, length, signature and MAC is checked against the protocol,
more strictly than a receiver would: what our own programs write has exactly
one right form. Prints JSON lines, `{"event":"ok",…}` last; on the first
departure `{"event":"violation","what":…}` and exit code 1. Knows nothing of
how the bytes were captured.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

SHA256 = hashes.SHA256()
PEM_LAYOUT = re.compile(
    rb"-----BEGIN PUBLIC KEY-----\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n-----END PUBLIC KEY-----\n?"
)


class Violation(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Violation(what)


def emit(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def canonical_base64(text, what):
    require(isinstance(text, str), f"{what} is not a string")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Violation(f"{what} is not base64") from error
    require(base64.b64encode(data).decode("ascii") == text, f"{what} is not canonical base64")
    return data


def stream(value):
    chunks = [value] if isinstance(value, str) else value
    return b"".join(base64.b64decode(chunk, validate=True) for chunk in chunks)


def split_frames(data, what):
    """Frames without terminators; a stream must end with a terminator."""
    frames = data.split(b"\n\n")
    require(frames.pop() == b"", f"{what} ends inside a frame")
    return frames


def members(frame, names, what):
    """The object's values in the order of `names`, which must be all it has."""

    def pairs(found):
        keys = [name for name, _ in found]
        require(sorted(keys) == sorted(names), f"{what} has the keys {keys}, not {names}")
        return dict(found)

    require(frame == frame.strip(), f"{what} has white space around its object")
    try:
        fields = json.loads(frame.decode("utf-8"), object_pairs_hook=pairs)
    except ValueError as error:
        raise Violation(f"{what} is not JSON") from error
    require(isinstance(fields, dict), f"{what} is not an object")
    return [fields[name] for name in names]


def fingerprint(public_key):
    der = public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode("ascii").rstrip("=")


def public_key(pem, what):
    require(PEM_LAYOUT.fullmatch(pem), f"{what} is not an SPKI PEM in 64-column lines")
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise Violation(f"{what} is no key: {error}") from error
    require(isinstance(key, rsa.RSAPublicKey), f"{what} is not RSA")
    require(2048 <= key.key_size <= 4096, f"{what} has {key.key_size} bits")
    require(key.public_numbers().e == 65537, f"{what} has another exponent")
    return key


def check_announcement(frame, server_key):
    header, _, pem = frame.partition(b"\n")
    require(header == b"SERVER_PUB", f"the announcement starts with {header[:40]!r}")
    require(pem.endswith(b"-----END PUBLIC KEY-----"), "the announcement does not end with its PEM")
    announced = public_key(pem, "the announced key")
    same = announced.public_numbers() == server_key.public_key().public_numbers()
    require(same, "the announced key is not the server's")
    emit("announcement", bytes=len(frame) + 2, fingerprint=fingerprint(announced))


def check_handshake(frame, server_key, any_salt):
    names = ["enc_session", "client_pub", "client_sig"]
    values = members(frame, names, "the handshake")
    enc_session, pem, signature = (
        canonical_base64(value, name) for name, value in zip(names, values)
    )
    require(len(enc_session) == server_key.key_size // 8, "enc_session has the wrong length")
    try:
        blob = server_key.decrypt(enc_session, padding.OAEP(padding.MGF1(SHA256), SHA256, None))
    except ValueError as error:
        raise Violation("enc_session does not open with the server's key") from error
    require(len(blob) == 48, f"the session blob has {len(blob)} bytes")
    client = public_key(pem, "client_pub")
    require(len(signature) == (client.key_size + 7) // 8, "client_sig has the wrong length")
    salt = padding.PSS.AUTO if any_salt else 32
    try:
        client.verify(signature, blob, padding.PSS(padding.MGF1(SHA256), salt), SHA256)
    except InvalidSignature as error:
        raise Violation("client_sig does not verify") from error
    emit("handshake", bytes=len(frame) + 2, fingerprint=fingerprint(client), bits=client.key_size)
    return blob[:32], blob[32:]


def open_message(frame, keys, what):
    values = members(frame, ["cipher", "hmac"], what)
    ciphertext = canonical_base64(values[0], f"{what}: cipher")
    tag = canonical_base64(values[1], f"{what}: hmac")
    aes_key, iv = keys
    expected = hmac.new(aes_key, ciphertext, hashlib.sha256).digest()
    require(hmac.compare_digest(tag, expected), f"{what}: wrong MAC")
    require(len(ciphertext) % 16 == 0 and ciphertext, f"{what}: cipher is not whole blocks")
    decryptor = Cipher(algorithms.AES(aes_key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(128).unpadder()
    try:
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        plaintext = unpadder.update(padded) + unpadder.finalize()
        return plaintext.decode("utf-8")
    except ValueError as error:
        raise Violation(f"{what}: wrong padding or not UTF-8") from error


def is_error_frame(frame):
    try:
        return "error" in json.loads(frame)
    except ValueError:
        return False


def check_messages(frames, keys, direction):
    for index, frame in enumerate(frames):
        what = f"{direction} message {index}"
        if direction == "server_to_client" and is_error_frame(frame):
            require(index == len(frames) - 1, "an error frame is not the last frame")
            code, message = members(frame, ["error", "message"], "the error frame")
            emit("error_frame", code=code, message=message)
            return index
        text = open_message(frame, keys, what)
        emit("message", direction=direction, index=index, text=text)
    return len(frames)


def check_tunnel(capture, server_key, any_salt):
    sent = split_frames(stream(capture["client_to_server"]), "client_to_server")
    received = split_frames(stream(capture["server_to_client"]), "server_to_client")
    require(received, "the server announced nothing")
    require(sent, "the client sent no handshake")
    check_announcement(received[0], server_key)
    keys = check_handshake(sent[0], server_key, any_salt)
    counts = {
        "client_to_server": check_messages(sent[1:], keys, "client_to_server"),
        "server_to_client": check_messages(received[1:], keys, "server_to_client"),
    }
    emit("ok", **counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("capture")
    parser.add_argument("server_key")
    parser.add_argument("--any-salt", action="store_true",
                        help="take every PSS salt length; our own signers must use 32")
    options = parser.parse_args()
    with open(options.server_key, "rb") as file:
        server_key = serialization.load_pem_private_key(file.read(), None)
    with open(options.capture, encoding="utf-8") as file:
        capture = json.load(file)
    try:
        for tunnel in capture.get("tunnels", [capture]):
            check_tunnel(tunnel, server_key, options.any_salt)
    except Violation as violation:
        emit("violation", what=str(violation))
        sys.exit(1)


if __name__ == "__main__":
    main()
