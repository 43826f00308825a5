"""The demo's own client, as somebody wrote it for the demo's server.

Deliberately plain, and not to be adapted to our server: that it runs
unchanged is the point. Largest PSS salt, default JSON separators, `recv`
until a blank line. Each argument after host and port is sent as a message,
and one reply is printed for each.
"""

import base64
import json
import os
import socket
import sys

from cryptography.hazmat.primitives import hashes, hmac, padding as sym_padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def recv_until(conn, state):
    while b"\n\n" not in state["buf"]:
        data = conn.recv(4096)
        if not data:
            raise ConnectionError("server closed the connection")
        state["buf"] += data
    msg, state["buf"] = state["buf"].split(b"\n\n", 1)
    return msg


def encrypt_message(aes_key, aes_iv, text):
    padder = sym_padding.PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    enc = Cipher(algorithms.AES(aes_key), modes.CBC(aes_iv)).encryptor()
    ct = enc.update(padded) + enc.finalize()
    h = hmac.HMAC(aes_key, hashes.SHA256())
    h.update(ct)
    tag = h.finalize()
    payload = {"cipher": base64.b64encode(ct).decode(), "hmac": base64.b64encode(tag).decode()}
    return json.dumps(payload).encode() + b"\n\n"


def decrypt_message(aes_key, aes_iv, msg):
    payload = json.loads(msg.decode())
    if "error" in payload:
        raise RuntimeError(payload["error"])
    ct = base64.b64decode(payload["cipher"])
    h = hmac.HMAC(aes_key, hashes.SHA256())
    h.update(ct)
    h.verify(base64.b64decode(payload["hmac"]))
    dec = Cipher(algorithms.AES(aes_key), modes.CBC(aes_iv)).decryptor()
    padded = dec.update(ct) + dec.finalize()
    unpadder = sym_padding.PKCS7(128).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def main():
    host, port, texts = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    state = {"buf": b""}
    conn = socket.create_connection((host, port))

    header = recv_until(conn, state)
    server_pub = serialization.load_pem_public_key(header.split(b"\n", 1)[1])

    client_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    client_pub = client_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    aes_key = os.urandom(32)
    aes_iv = os.urandom(16)
    session_blob = aes_key + aes_iv
    enc_session = server_pub.encrypt(
        session_blob,
        padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None),
    )
    client_sig = client_key.sign(
        session_blob,
        padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.MAX_LENGTH),
        hashes.SHA256(),
    )
    handshake = {
        "enc_session": base64.b64encode(enc_session).decode(),
        "client_pub": base64.b64encode(client_pub).decode(),
        "client_sig": base64.b64encode(client_sig).decode(),
    }
    conn.sendall(json.dumps(handshake).encode() + b"\n\n")

    for text in texts:
        conn.sendall(encrypt_message(aes_key, aes_iv, text))
        print(decrypt_message(aes_key, aes_iv, recv_until(conn, state)), flush=True)
    conn.close()


if __name__ == "__main__":
    main()
