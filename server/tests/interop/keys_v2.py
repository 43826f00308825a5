"""Transcript, key schedule, identities and key agreement of protocol v2 (docs/PROTOCOL.md §2.3, §2.4, §2.6).

Knows no socket and no order of steps: those are in peer_v2.py.
"""

import base64
import hashlib
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import mlkem, padding, rsa, x25519

from records_v2 import HANDSHAKE_FAILED, UNEXPECTED_MESSAGE, Fault, expand, extract


class Schedule:
    """Transcript and PRK (§2.4)."""

    def __init__(self):
        self.transcript = hashlib.sha256()
        self.prk = None

    def absorb(self, data):
        self.transcript.update(data)

    def absorb_sealed(self, inner_type, content):
        self.absorb(struct.pack(">BI", inner_type, len(content)) + content)

    def th(self):
        return self.transcript.copy().digest()

    def agree(self, mlkem_shared, x25519_shared):
        self.prk = extract(b"SC/2", mlkem_shared + x25519_shared)

    def derive(self, label, size=32):
        return expand(self.prk, label, self.th(), size)


PSS = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)


def spki_of(public_key):
    return public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def allowed_key(der):
    """The RSA key of an SPKI that the rules allow (§1.3, §2.6)."""
    try:
        key = serialization.load_der_public_key(der)
    except Exception as error:  # The library has many; each means the same here.
        raise Fault(HANDSHAKE_FAILED, f"no public key: {error!r}") from None
    if not isinstance(key, rsa.RSAPublicKey) or spki_of(key) != der:
        raise Fault(HANDSHAKE_FAILED, "no RSA key in its one encoding")
    numbers = key.public_numbers()
    if not 2048 <= key.key_size <= 4096 or numbers.e != 65537 or numbers.n % 2 == 0:
        raise Fault(HANDSHAKE_FAILED, "an RSA key that is not allowed")
    return key


def fingerprint(der):
    digest = base64.b64encode(hashlib.sha256(der).digest()).decode("ascii")
    return "SHA256:" + digest.rstrip("=")


def signed_message(role, th, spki):
    return f"SC/2 {role} auth".encode("ascii") + b"\0" + th + hashlib.sha256(spki).digest()


def auth_content(spki, signature):
    return struct.pack(">H", len(spki)) + spki + struct.pack(">H", len(signature)) + signature


def sign_auth(key, role, th):
    spki = spki_of(key.public_key())
    return auth_content(spki, key.sign(signed_message(role, th, spki), PSS, hashes.SHA256()))


def split_auth(content):
    """SPKI and signature, whose lengths must fit exactly."""
    try:
        (size,) = struct.unpack_from(">H", content)
        (signature_size,) = struct.unpack_from(">H", content, 2 + size)
    except struct.error:
        raise Fault(HANDSHAKE_FAILED, "auth ends early") from None
    if len(content) != 4 + size + signature_size:
        raise Fault(HANDSHAKE_FAILED, "the lengths in auth do not fit")
    return content[2 : 2 + size], content[4 + size :]


def verify_auth(role, th, spki, signature):
    key = allowed_key(spki)
    try:
        key.verify(signature, signed_message(role, th, spki), PSS, hashes.SHA256())
    except InvalidSignature:
        raise Fault(HANDSHAKE_FAILED, f"wrong signature of the {role}") from None


def announcement_of(public_key):
    pem = public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return b"SERVER_PUB\n" + pem + b"\n"


def announced_spki(announcement):
    if not announcement.startswith(b"SERVER_PUB\n"):
        raise Fault(UNEXPECTED_MESSAGE, "no announcement")
    try:
        key = serialization.load_pem_public_key(announcement[11:])
    except Exception as error:
        raise Fault(UNEXPECTED_MESSAGE, f"no PEM: {error!r}") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise Fault(UNEXPECTED_MESSAGE, "no RSA key")
    spki = spki_of(key)
    allowed_key(spki)
    return spki


def check_mlkem_key(raw):
    """FIPS 203 §7.2: every twelve-bit number is less than 3329."""
    for at in range(0, 1152, 3):
        triple = int.from_bytes(raw[at : at + 3], "little")
        if triple & 0xFFF >= 3329 or triple >> 12 >= 3329:
            raise Fault(HANDSHAKE_FAILED, "malformed ML-KEM key")
    return mlkem.MLKEM768PublicKey.from_public_bytes(raw)


def agree_x25519(own, peer):
    try:
        return own.exchange(x25519.X25519PublicKey.from_public_bytes(peer))
    except ValueError:
        raise Fault(HANDSHAKE_FAILED, "X25519 key of low order") from None
