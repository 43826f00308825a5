"""What hostile v1 clients put on the wire, one function for each attack.

Used by client_cryptography.py behind `--attack NAME`. Each attack is right in
everything but the one thing it is named for, so that a refusal proves that
this very thing was checked. Knows nothing of what the server should answer.
"""

import base64
import hashlib
import os
import threading

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP_SHA256 = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
OAEP_SHA1 = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
PSS_SHA256 = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
DEPTH = 3000
# Above each default limit: 16 KiB before the handshake, 1 MiB after it.
GIANT = {"handshake": 64 * 1024, "message": 3 * 1024 * 1024}


def b64(data):
    return base64.b64encode(data).decode("ascii")


# DER by hand: the library rightly refuses to encode the keys made here.
def der(tag, body):
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def der_integer(value):
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def spki_der(n, e):
    rsa_encryption = bytes.fromhex("06092a864886f70d0101010500")
    key = der(0x30, der_integer(n) + der_integer(e))
    return der(0x30, der(0x30, rsa_encryption) + der(0x03, b"\0" + key))


def spki_pem(n, e):
    text = b64(spki_der(n, e))
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    body = "\n".join(lines)
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode("ascii")


def odd_number(bits):
    number = int.from_bytes(os.urandom(bits // 8), "big")
    return number | (1 << (bits - 1)) | 1


def pss_encode(message, bits, salt=b""):
    """EMSA-PSS-ENCODE with SHA-256 (RFC 8017, 9.1.1)."""
    size = (bits + 7) // 8
    digest = hashlib.sha256(bytes(8) + hashlib.sha256(message).digest() + salt).digest()
    block = bytes(size - 34 - len(salt)) + b"\x01" + salt
    mask = b"".join(hashlib.sha256(digest + i.to_bytes(4, "big")).digest() for i in range(size // 32 + 1))
    masked = bytearray(a ^ b for a, b in zip(block, mask))
    masked[0] &= 0xFF >> (8 * size - bits)
    return bytes(masked) + digest + b"\xbc"


# --- handshakes: each returns the bytes to send instead of the right frame ---


def with_blob(client, size):
    """A session blob of another size, encrypted and signed as it should be."""
    client.blob = os.urandom(size)
    return client.frame(client.handshake_fields())


def with_signature(client, signature):
    return client.frame({**client.handshake_fields(), "client_sig": b64(signature)})


def with_key(client, n, e, signature):
    fields = {"client_pub": b64(spki_pem(n, e)), "client_sig": b64(signature)}
    return client.frame({**client.handshake_fields(), **fields})


def with_real_key(client, bits, e):
    """A key that the library can sign with: only its size or exponent is wrong."""
    key = rsa.generate_private_key(e, bits)
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signature = key.sign(client.blob, PSS_SHA256, hashes.SHA256())
    fields = {"client_pub": b64(pem), "client_sig": b64(signature)}
    return client.frame({**client.handshake_fields(), **fields})


def key_1024(client):
    return with_real_key(client, 1024, 65537)


def key_exponent_3(client):
    return with_real_key(client, 2048, 3)


def key_exponent_1(client):
    """With e = 1 the encoded message is its own signature: this one verifies."""
    forged = pss_encode(client.blob, 2047)
    return with_key(client, odd_number(2048), 1, forged)


def key_8192(client):
    return with_key(client, odd_number(8192), 65537, b"\0" + os.urandom(1023))


def key_even_modulus(client):
    return with_key(client, odd_number(2048) - 1, 65537, b"\0" + os.urandom(255))


def signature_over_other_bytes(client):
    signature = client.key.sign(os.urandom(48), PSS_SHA256, hashes.SHA256())
    return with_signature(client, signature)


def signature_zero(client):
    return with_signature(client, bytes(client.key.key_size // 8))


def oaep_sha1(client):
    sealed = client.server_key.encrypt(client.blob, OAEP_SHA1)
    return client.frame({**client.handshake_fields(), "enc_session": b64(sealed)})


def oaep_wrong_key(client):
    other = rsa.generate_private_key(65537, client.server_key.key_size).public_key()
    sealed = other.encrypt(client.blob, OAEP_SHA256)
    return client.frame({**client.handshake_fields(), "enc_session": b64(sealed)})


def message_before_handshake(client):
    return client.frame(client.message_fields(b"too early"))


def endless_unterminated_frame(_client):
    """No terminator in 64 MiB; whoever buffers it all has lost."""
    return b'{"enc_session": "' + b"A" * (64 * 1024 * 1024)


# --- messages: sent after a right handshake ---


def sealed(client, ciphertext):
    """Any bytes as ciphertext, under the right MAC."""
    return client.frame({"cipher": b64(ciphertext), "hmac": b64(client.session.mac(ciphertext))})


def wrong_mac(client):
    ciphertext = client.session.encrypt(b"hello")
    tag = bytearray(client.session.mac(ciphertext))
    tag[-1] ^= 1
    return client.frame({"cipher": b64(ciphertext), "hmac": b64(bytes(tag))})


def wrong_padding_with_right_mac(client):
    return sealed(client, client.session.encrypt_blocks(b"no padding here\x00"))


def ciphertext_not_multiple_of_16(client):
    return sealed(client, client.session.encrypt(b"hello") + b"\0")


def invalid_utf8_plaintext(client):
    return sealed(client, client.session.encrypt(b"caf\xe9 \xff\xfe"))


def handshake_twice(client):
    return client.frame(client.handshake_fields())


# --- frames spoiled as text, in either phase ---


def right_fields(client, phase):
    if phase == "handshake":
        return client.handshake_fields()
    return client.message_fields(b"hello")


def base64_junk(client, phase):
    fields = right_fields(client, phase)
    name = next(iter(fields))
    return client.frame({**fields, name: "!" + fields[name][1:-2] + " *"})


def base64url_alphabet(client, phase):
    """The other alphabet; tried until the data has a letter that differs."""
    while True:
        fields = right_fields(client, phase)
        if phase == "message":
            fields = client.message_fields(os.urandom(64).hex().encode("ascii"))
        name = next(iter(fields))
        if "+" in fields[name] or "/" in fields[name]:
            url = fields[name].replace("+", "-").replace("/", "_")
            return client.frame({**fields, name: url})
        client.blob = os.urandom(48)


def json_deep(client, phase):
    fields = right_fields(client, phase)
    name = next(iter(fields))
    whole = client.frame({**fields, name: "DEEP"})
    return whole.replace(b'"DEEP"', b"[" * DEPTH + b"]" * DEPTH)


def json_giant(client, phase):
    """All fields right, and one unknown field that is larger than any limit."""
    return client.frame({"padding": "A" * GIANT[phase], **right_fields(client, phase)})


def json_array(client, phase):
    """The right values in the right order, but as an array."""
    return client.frame(list(right_fields(client, phase).values()))


def json_missing_field(client, phase):
    fields = right_fields(client, phase)
    del fields[list(fields)[-1]]
    return client.frame(fields)


def json_duplicate_field(client, phase):
    fields = right_fields(client, phase)
    name = next(iter(fields))
    twice = f'{{"{name}":"{fields[name]}",'.encode("ascii")
    return twice + client.frame(fields)[1:]


HANDSHAKE_ATTACKS = {
    "blob_47": lambda client: with_blob(client, 47),
    "blob_49": lambda client: with_blob(client, 49),
    **{attack.__name__: attack for attack in (
        key_1024, key_8192, key_even_modulus, key_exponent_1, key_exponent_3,
        signature_over_other_bytes, signature_zero, oaep_sha1, oaep_wrong_key,
        message_before_handshake, endless_unterminated_frame,
    )},
}
MESSAGE_ATTACKS = {attack.__name__: attack for attack in (
    wrong_mac, wrong_padding_with_right_mac, ciphertext_not_multiple_of_16,
    invalid_utf8_plaintext, handshake_twice,
)}
TEXT_ATTACKS = {attack.__name__: attack for attack in (
    base64_junk, base64url_alphabet, json_deep, json_giant, json_array,
    json_missing_field, json_duplicate_field,
)}


def send_in_background(client, data, emit):
    """Sends while the caller reads: the answer may come before the end."""

    def send():
        try:
            client.wire.sock.sendall(data)
            emit("attack_sent", bytes=len(data))
        except OSError as error:
            emit("attack_cut_short", why=repr(error))

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def run(client, name, phase, timeout, emit):
    """Carries the attack out, then reports all that comes back."""
    if name in TEXT_ATTACKS:
        if phase == "message":
            client.establish()
        data = TEXT_ATTACKS[name](client, phase)
    elif name in MESSAGE_ATTACKS:
        client.establish()
        data = MESSAGE_ATTACKS[name](client)
    elif name in HANDSHAKE_ATTACKS:
        data = HANDSHAKE_ATTACKS[name](client)
    else:
        raise SystemExit(f"no attack is named {name}")
    client.wire.sock.settimeout(timeout)
    sender = send_in_background(client, data, emit)
    while client.receive(timeout):
        pass
    sender.join(timeout)
