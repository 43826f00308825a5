"""What hostile v2 peers put on the wire, and the alert that docs/PROTOCOL.md answers it with.

Each attack is right in everything but the one thing it is named for, so that a
refusal proves that this very thing was checked. Used by client_v2.py and
server_v2.py behind `--attack NAME`; `attacks_v2.py client` and `attacks_v2.py
server` list them as JSON lines. Knows nothing of the Rust code.
"""

import copy
import hashlib
import hmac
import json
import os
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from attacks import der, der_integer, odd_number, pss_encode, spki_der
from keys_v2 import PSS, auth_content, announcement_of, sign_auth, signed_message, spki_of
from peer_v2 import PREFACE
from records_v2 import (
    ALERT, ALERTS, BODY_BYTES, CLEAR_ALERT, CLIENT_AUTH, CLIENT_FINISHED, CLIENT_HELLO, CLOSE,
    DATA, HANDSHAKE_BODY_BYTES, KEY_UPDATE, MESSAGE_BYTES, SEALED, SERVER_AUTH, SERVER_FINISHED, SERVER_HELLO,
    Direction, data_content, expand, frame, pad,
)

UNEXPECTED, TOO_LARGE, FAILED, BAD = 1, 2, 3, 4
# When the end is not told with an alert: the stream was cut, or an alert of ours came first, or
# the two sides have different keys, so that we cannot read it.
TRUNCATED, NOTHING, UNREADABLE = "truncated", "nothing", "unreadable"

LOW_ORDER = {
    "zero": bytes(32),
    "one": bytes([1]) + bytes(31),
    "order_8_a": bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    "order_8_b": bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    "p_minus_1": bytes([0xEC]) + b"\xff" * 30 + b"\x7f",
    "p": bytes([0xED]) + b"\xff" * 30 + b"\x7f",
    "p_plus_1": bytes([0xEE]) + b"\xff" * 30 + b"\x7f",
    "zero_with_high_bit": bytes(31) + b"\x80",
}


# --- the hellos, in clear ---


def client_hello(client, part=None, value=b""):
    body = client.hello[5:]
    fields = {"random": body[:32], "x25519": body[32:64], "mlkem": body[64:]}
    if part:
        fields[part] = value
    return PREFACE + frame(CLIENT_HELLO, b"".join(fields.values()))


def mlkem_number(client, index, number):
    """The client's key with one of its 768 twelve-bit numbers replaced."""
    raw = bytearray(client.hello[5 + 64 :])
    at = index // 2 * 3
    pair = int.from_bytes(raw[at : at + 3], "little")
    pair = pair & 0xFFF000 | number if index % 2 == 0 else pair & 0xFFF | number << 12
    raw[at : at + 3] = pair.to_bytes(3, "little")
    return client_hello(client, "mlkem", bytes(raw))


def header(size, frame_type=SEALED):
    return struct.pack(">IB", size, frame_type)


CLIENT_HELLOS = {
    "preface_of_another_version": (UNEXPECTED, lambda c: b"SC/3\n" + c.hello),
    "preface_with_carriage_return": (UNEXPECTED, lambda c: b"SC/2\r\n" + c.hello),
    "preface_twice": (TOO_LARGE, lambda c: PREFACE + PREFACE + c.hello),
    "hello_of_unknown_type": (UNEXPECTED, lambda c: PREFACE + frame(9, c.hello[5:])),
    "hello_of_type_zero": (UNEXPECTED, lambda c: PREFACE + frame(0, c.hello[5:])),
    "hello_as_server_hello": (UNEXPECTED, lambda c: PREFACE + frame(SERVER_HELLO, c.hello[5:])),
    "sealed_record_before_hello": (UNEXPECTED, lambda c: PREFACE + frame(SEALED, os.urandom(80))),
    "hello_empty": (FAILED, lambda c: PREFACE + frame(CLIENT_HELLO, b"")),
    "hello_one_byte_short": (FAILED, lambda c: PREFACE + frame(CLIENT_HELLO, c.hello[5:-1])),
    "hello_one_byte_long": (FAILED, lambda c: PREFACE + frame(CLIENT_HELLO, c.hello[5:] + b"\0")),
    "hello_of_exactly_the_limit": (
        FAILED, lambda c: PREFACE + frame(CLIENT_HELLO, bytes(HANDSHAKE_BODY_BYTES))),
    "hello_header_over_the_limit": (TOO_LARGE, lambda c: PREFACE + header(HANDSHAKE_BODY_BYTES + 1, 1)),
    "hello_header_of_four_gibibytes": (TOO_LARGE, lambda c: PREFACE + header(0xFFFFFFFF, 1)),
    # The length is judged before the type.
    "oversize_header_of_unknown_type": (TOO_LARGE, lambda c: PREFACE + header(0xFFFFFFFF, 77)),
    "clear_alert_of_two_bytes": (UNEXPECTED, lambda c: PREFACE + frame(CLEAR_ALERT, b"\x03\x03")),
    "clear_alert_empty": (UNEXPECTED, lambda c: PREFACE + frame(CLEAR_ALERT, b"")),
    "clear_alert_instead_of_hello": (NOTHING, lambda c: PREFACE + frame(CLEAR_ALERT, b"\x03")),
    **{
        f"x25519_low_order_{name}": (FAILED, lambda c, point=point: client_hello(c, "x25519", point))
        for name, point in LOW_ORDER.items()
    },
    **{
        f"mlkem_number_{index}_is_{number}": (
            FAILED, lambda c, index=index, number=number: mlkem_number(c, index, number))
        for index, number in ((0, 3329), (1, 3329), (766, 3329), (767, 3329), (767, 4095))
    },
    "mlkem_key_all_ones": (FAILED, lambda c: client_hello(c, "mlkem", b"\xff" * 1184)),
}


def server_hello(server, part=None, value=b""):
    body = server.hello()[5:]
    fields = {"random": body[:32], "x25519": body[32:64], "mlkem": body[64:]}
    if part:
        fields[part] = value
    return frame(SERVER_HELLO, b"".join(fields.values()))


def spoilt_ciphertext(server):
    """Decapsulation does not fail, it gives another secret (FIPS 203 §6.3): no record opens then."""
    hello = server.take_hello(flip(server.hello(), 600))
    return hello + server.seal_auth() + server.seal_finished()


def announcement_of_small_key(_server):
    return announcement_of(rsa.generate_private_key(65537, 1024).public_key())


ANNOUNCEMENTS = {
    "announcement_with_wrong_header": (UNEXPECTED, lambda s: s.announcement.replace(b"_PUB", b"_KEY")),
    "announcement_without_key": (UNEXPECTED, lambda s: b"SERVER_PUB\nhello\n\n"),
    "announcement_of_1024_bits": (FAILED, announcement_of_small_key),
    "announcement_endless": (TOO_LARGE, lambda s: b"SERVER_PUB\n" + b"A" * (16 * 1024)),
}
SERVER_HELLOS = {
    "newline_behind_the_announcement": (TOO_LARGE, lambda s: b"\n" + s.hello()),
    "hello_of_unknown_type": (UNEXPECTED, lambda s: frame(9, s.hello()[5:])),
    "hello_reflected": (UNEXPECTED, lambda s: s.last_received),
    "sealed_record_before_hello": (UNEXPECTED, lambda s: frame(SEALED, os.urandom(80))),
    "hello_one_byte_short": (FAILED, lambda s: frame(SERVER_HELLO, s.hello()[5:-1])),
    "hello_one_byte_long": (FAILED, lambda s: frame(SERVER_HELLO, s.hello()[5:] + b"\0")),
    "hello_header_over_the_limit": (TOO_LARGE, lambda s: header(HANDSHAKE_BODY_BYTES + 1, SERVER_HELLO)),
    "mlkem_ciphertext_spoilt": (UNREADABLE, spoilt_ciphertext),
    "clear_alert_of_two_bytes": (UNEXPECTED, lambda s: frame(CLEAR_ALERT, b"\x03\x03")),
    "clear_alert_instead_of_hello": (NOTHING, lambda s: frame(CLEAR_ALERT, b"\x06")),
    **{
        f"x25519_low_order_{name}": (FAILED, lambda s, point=point: server_hello(s, "x25519", point))
        for name, point in LOW_ORDER.items()
    },
}


# --- client_auth and server_auth ---


def own_spki(peer):
    return spki_of(peer.key.public_key())


def signed(peer, how=PSS, th=None, role=None, key=None, tail=b""):
    """The right content but for one thing."""
    key = key or peer.key
    spki = spki_of(key.public_key())
    message = signed_message(role or peer.role, th or peer.schedule.th(), spki)
    return auth_content(spki, key.sign(message, how, hashes.SHA256())) + tail


def salt(length):
    return lambda peer: signed(peer, padding.PSS(padding.MGF1(hashes.SHA256()), length))


def with_signature(change):
    def content(peer):
        message = signed_message(peer.role, peer.schedule.th(), own_spki(peer))
        return auth_content(own_spki(peer), change(peer.key.sign(message, PSS, hashes.SHA256())))
    return content


def flip(data, at):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def with_key(bits, e=65537):
    return lambda peer: signed(peer, key=rsa.generate_private_key(e, bits))


def with_spki(make):
    """Signed as it should be, but the key has another encoding: only that is wrong."""
    def content(peer):
        numbers = peer.key.public_key().public_numbers()
        spki = make(numbers.n, numbers.e)
        message = signed_message(peer.role, peer.schedule.th(), spki)
        return auth_content(spki, peer.key.sign(message, PSS, hashes.SHA256()))
    return content


def without_null(n, e):
    key = der(0x30, der_integer(n) + der_integer(e))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d010101"))
    return der(0x30, algorithm + der(0x03, b"\0" + key))


def pkcs1(n, e):
    return der(0x30, der_integer(n) + der_integer(e))


def with_leading_zero(n, e):
    n = der(0x02, b"\0" + n.to_bytes(n.bit_length() // 8 + 1, "big"))
    key = der(0x30, n + der_integer(e))
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    return der(0x30, algorithm + der(0x03, b"\0" + key))


def with_long_length(n, e):
    """BER: the outer length in three bytes where DER takes two."""
    body = spki_der(n, e)[4:]
    return b"\x30\x83" + len(body).to_bytes(3, "big") + body


def exponent_1(peer):
    """With e = 1 the encoded message is its own signature: this one verifies."""
    spki = spki_der(odd_number(2048), 1)
    message = signed_message(peer.role, peer.schedule.th(), spki)
    return auth_content(spki, pss_encode(message, 2047, os.urandom(32)))


def unsigned(n):
    """For keys that the library cannot sign with: a signature of the right length."""
    return lambda peer: auth_content(spki_der(n, 65537), b"\0" + os.urandom(n.bit_length() // 8 - 1))


def p256(peer):
    key = ec.generate_private_key(ec.SECP256R1())
    message = signed_message(peer.role, peer.schedule.th(), spki_of(key.public_key()))
    return auth_content(spki_of(key.public_key()), key.sign(message, ec.ECDSA(hashes.SHA256())))


AUTHS = {
    "signature_of_zeros": with_signature(lambda signature: bytes(len(signature))),
    "signature_with_a_flipped_bit": with_signature(lambda signature: flip(signature, 100)),
    "signature_with_a_zero_before_it": with_signature(lambda signature: b"\0" + signature),
    "signature_empty": with_signature(lambda signature: b""),
    "signature_over_another_transcript": lambda p: signed(p, th=hashlib.sha256(b"another").digest()),
    "signature_of_the_other_role": lambda p: signed(p, role={"client": "server"}.get(p.role, "client")),
    "signature_pkcs1v15": lambda p: signed(p, padding.PKCS1v15()),
    "signature_mgf1_sha1": lambda p: signed(p, padding.PSS(padding.MGF1(hashes.SHA1()), 32)),
    **{f"salt_length_{length}": salt(length) for length in (0, 20, 31, 33, 64, 222)},
    "key_1024": with_key(1024),
    "key_exponent_3": with_key(2048, 3),
    "key_exponent_1": exponent_1,
    "key_8192": unsigned(odd_number(8192)),
    "key_even_modulus": unsigned(odd_number(2048) - 1),
    "key_p256": p256,
    "spki_without_null": with_spki(without_null),
    "spki_as_pkcs1": with_spki(pkcs1),
    "spki_with_leading_zero": with_spki(with_leading_zero),
    "spki_with_ber_length": with_spki(with_long_length),
    "spki_with_a_byte_behind": with_spki(lambda n, e: spki_der(n, e) + b"\0"),
    "spki_empty": with_spki(lambda n, e: b""),
    "auth_with_a_byte_behind": lambda p: signed(p, tail=b"\0"),
    "auth_cut": lambda p: signed(p)[:-1],
    "auth_of_one_byte": lambda p: b"\x01",
    "auth_with_lengths_of_ffff": lambda p: b"\xff\xff" + signed(p)[2:],
}


def record(peer, inner_type, content=b""):
    return peer.sending.seal(pad(content, inner_type))


def own(peer, client_type, server_type):
    return client_type if peer.role == "client" else server_type


def auth_type(peer):
    return own(peer, CLIENT_AUTH, SERVER_AUTH)


def finished_type(peer):
    return own(peer, CLIENT_FINISHED, SERVER_FINISHED)


def right_auth(peer):
    return sign_auth(peer.key, peer.role, peer.schedule.th())


def auth_at_seq_1(peer):
    peer.sending.seq = 1
    return record(peer, auth_type(peer), right_auth(peer))


def under_the_other_key(inner_type, content):
    """Sealed with the key of the other direction, as whoever reflects could."""
    def attack(peer):
        other = Direction(peer.receiving.secret)
        return other.seal(pad(content(peer), inner_type(peer)))
    return attack


# In place of auth; whoever takes these has checked nothing of the kind.
AUTH_RECORDS = {
    **{
        name: (FAILED, lambda p, make=make: record(p, auth_type(p), make(p))) for name, make in AUTHS.items()
    },
    "auth_tampered": (BAD, lambda p: flip(record(p, auth_type(p), right_auth(p)), 300)),
    "auth_with_tampered_tag": (BAD, lambda p: flip(record(p, auth_type(p), right_auth(p)), -1)),
    "auth_at_seq_1": (BAD, auth_at_seq_1),
    "auth_under_the_other_key": (BAD, under_the_other_key(auth_type, right_auth)),
    "auth_in_clear": (
        UNEXPECTED, lambda p: frame(own(p, CLIENT_HELLO, SERVER_HELLO), right_auth(p))),
    "auth_with_oversize_header": (TOO_LARGE, lambda p: header(HANDSHAKE_BODY_BYTES + 1)),
    "auth_as_the_other_role": (
        UNEXPECTED, lambda p: record(p, own(p, SERVER_AUTH, CLIENT_AUTH), right_auth(p))),
    "finished_before_auth": (UNEXPECTED, lambda p: record(p, finished_type(p), os.urandom(32))),
    "data_before_auth": (UNEXPECTED, lambda p: record(p, DATA, data_content([b"early"]))),
    "key_update_before_auth": (UNEXPECTED, lambda p: record(p, KEY_UPDATE)),
    "record_of_random_bytes": (BAD, lambda p: frame(SEALED, os.urandom(80))),
    "record_too_short": (BAD, lambda p: frame(SEALED, os.urandom(16))),
    "record_empty": (BAD, lambda p: frame(SEALED, b"")),
    "alert_of_two_bytes": (UNEXPECTED, lambda p: record(p, ALERT, b"\x03\x03")),
    "alert_handshake_failed": (NOTHING, lambda p: record(p, ALERT, b"\x03")),
    "frame_of_unknown_type": (UNEXPECTED, lambda p: frame(200, b"")),
    "cut_before_auth": (TRUNCATED, lambda p: b""),
}
CLIENT_AUTH_RECORDS = {
    **AUTH_RECORDS,
    "server_finished_reflected": (BAD, lambda c: c.last_received),
    "hello_twice": (UNEXPECTED, lambda c: c.hello),
    "clear_alert_before_the_first_record": (NOTHING, lambda c: frame(CLEAR_ALERT, b"\x03")),
    "close_with_content_instead_of_auth": (UNEXPECTED, lambda c: record(c, CLOSE, b"\0")),
}
SERVER_AUTH_RECORDS = {
    **AUTH_RECORDS,
    "another_key_than_announced": (
        FAILED,
        lambda s: record(s, SERVER_AUTH, signed(s, key=rsa.generate_private_key(65537, 2048)))),
    "hello_twice": (UNEXPECTED, lambda s: s.last_hello),
    "clear_alert_after_hello": (UNEXPECTED, lambda s: frame(CLEAR_ALERT, b"\x03")),
    "close_instead_of_auth": (UNEXPECTED, lambda s: record(s, CLOSE)),
}


# --- client_finished and server_finished, behind a right auth ---


def right_finished(peer):
    key = own(peer, peer.fin_c, peer.fin_s)
    return hmac.digest(key, peer.schedule.th(), "sha256")


def finished(make):
    return lambda p: record(p, finished_type(p), make(p))


FINISHED_RECORDS = {
    "finished_of_zeros": (FAILED, finished(lambda p: bytes(32))),
    "finished_with_a_flipped_bit": (FAILED, finished(lambda p: flip(right_finished(p), 31))),
    "finished_of_31_bytes": (FAILED, finished(lambda p: right_finished(p)[:31])),
    "finished_of_33_bytes": (FAILED, finished(lambda p: right_finished(p) + b"\0")),
    "finished_empty": (FAILED, finished(lambda p: b"")),
    "finished_with_the_other_key": (
        FAILED,
        finished(lambda p: hmac.digest(own(p, p.fin_s, p.fin_c), p.schedule.th(), "sha256"))),
    "finished_over_another_transcript": (
        FAILED, finished(lambda p: hmac.digest(own(p, p.fin_c, p.fin_s), bytes(32), "sha256"))),
    "finished_replayed_auth": (BAD, lambda p: p.last_sent),
    "auth_twice": (UNEXPECTED, lambda p: record(p, auth_type(p), right_auth(p))),
    "data_before_finished": (UNEXPECTED, lambda p: record(p, DATA, data_content([b"early"]))),
    "close_instead_of_finished": (UNEXPECTED, lambda p: record(p, CLOSE)),
    "finished_with_oversize_header": (TOO_LARGE, lambda p: header(HANDSHAKE_BODY_BYTES + 1)),
    "clear_alert_instead_of_finished": (UNEXPECTED, lambda p: frame(CLEAR_ALERT, b"\x03")),
    "cut_before_finished": (TRUNCATED, lambda p: b""),
}


# --- records of an established session; one message has come from the other side already ---


def text(peer, message=b"hello"):
    return record(peer, DATA, data_content([message]))


def replayed(peer):
    once = text(peer, b"once")
    return once + once


def dropped(peer):
    text(peer, b"dropped")
    return text(peer)


def swapped(peer):
    first, second = text(peer, b"first"), text(peer, b"second")
    return second + first


def longer_header(peer):
    """The header is authenticated: one that says more, with as much more behind it."""
    sealed = text(peer)
    return header(len(sealed) - 5 + 64) + sealed[5:] + bytes(64)


def old_key_after_update(peer):
    old = copy.copy(peer.sending)
    update = old.seal(pad(b"", KEY_UPDATE))
    return update + old.seal(pad(data_content([b"old"]), DATA))


def new_key_without_update(peer):
    new = Direction(expand(peer.sending.secret, "rekey"))
    return new.seal(pad(data_content([b"new"]), DATA))


def seq_kept_after_update(peer):
    update = record(peer, KEY_UPDATE)
    seq = peer.sending.seq
    peer.sending.update()
    peer.sending.seq = seq
    return update + text(peer)


def handshake_key_after_finished(peer):
    return peer.former_sending.seal(pad(data_content([b"late"]), DATA))


def of_data(content):
    return lambda peer: record(peer, DATA, content)


def length(size):
    return struct.pack(">I", size)


ESTABLISHED = {
    "tampered_ciphertext": (BAD, lambda p: flip(text(p), 5)),
    "tampered_tag": (BAD, lambda p: flip(text(p), -1)),
    "tampered_header": (BAD, longer_header),
    "replayed_record": (BAD, replayed),
    "reflected_record": (BAD, lambda p: p.last_received),
    "dropped_record": (BAD, dropped),
    "swapped_records": (BAD, swapped),
    "record_under_the_other_key": (
        BAD, under_the_other_key(lambda p: DATA, lambda p: data_content([b"hello"]))),
    "old_key_after_update": (BAD, old_key_after_update),
    "new_key_without_update": (BAD, new_key_without_update),
    "seq_kept_after_update": (BAD, seq_kept_after_update),
    "handshake_key_after_finished": (BAD, handshake_key_after_finished),
    "header_over_the_limit": (TOO_LARGE, lambda p: header(BODY_BYTES + 1)),
    "header_of_four_gibibytes": (TOO_LARGE, lambda p: header(0xFFFFFFFF)),
    "v1_message": (TOO_LARGE, lambda p: b'{"cipher": "AAAA", "hmac": "AAAA"}\n\n'),
    "body_of_exactly_the_limit": (BAD, lambda p: frame(SEALED, os.urandom(BODY_BYTES))),
    "body_of_79_bytes": (BAD, lambda p: frame(SEALED, os.urandom(79))),
    "body_of_81_bytes": (BAD, lambda p: frame(SEALED, os.urandom(81))),
    "body_of_16_bytes": (BAD, lambda p: p.sending.seal(b"")),
    "body_of_15_bytes": (BAD, lambda p: frame(SEALED, bytes(15))),
    "body_empty": (BAD, lambda p: frame(SEALED, b"")),
    "inner_not_of_64s": (BAD, lambda p: p.sending.seal(data_content([b"hello"]) + bytes([DATA]))),
    "inner_all_zero": (BAD, lambda p: p.sending.seal(bytes(64))),
    "padding_of_64": (BAD, lambda p: p.sending.seal(pad(data_content([b"hello"]), DATA) + bytes(64))),
    # The last byte that is not zero is the inner type, so these are types that nobody knows.
    "padding_not_zero": (
        UNEXPECTED, lambda p: p.sending.seal(pad(data_content([b"hello"]), DATA)[:-1] + b"\x55")),
    "data_without_a_message": (BAD, of_data(b"")),
    "data_with_a_cut_length": (BAD, of_data(b"\0\0\0")),
    "data_with_a_length_over_its_end": (BAD, of_data(length(6) + b"hello")),
    "data_with_a_length_of_four_gibibytes": (BAD, of_data(length(0xFFFFFFFF) + b"hello")),
    "data_with_bytes_behind": (BAD, of_data(data_content([b"never delivered"]) + b"\0")),
    "data_right_and_then_wrong": (BAD, of_data(data_content([b"never delivered"]) + length(9) + b"short")),
    "message_over_the_limit": (BAD, of_data(data_content([bytes(MESSAGE_BYTES + 1)]))),
    "key_update_with_content": (UNEXPECTED, lambda p: record(p, KEY_UPDATE, b"\0")),
    "close_with_content": (UNEXPECTED, lambda p: record(p, CLOSE, b"\0")),
    "alert_empty": (UNEXPECTED, lambda p: record(p, ALERT, b"")),
    "alert_of_two_bytes": (UNEXPECTED, lambda p: record(p, ALERT, b"\x06\x06")),
    **{
        f"inner_type_{number}": (UNEXPECTED, lambda p, number=number: record(p, number, b"hello"))
        for number in (SERVER_AUTH, SERVER_FINISHED, CLIENT_AUTH, CLIENT_FINISHED, 9, 255)
    },
    **{
        f"frame_type_{number}": (UNEXPECTED, lambda p, number=number: frame(number, b"\x06"))
        for number in (0, CLIENT_HELLO, SERVER_HELLO, CLEAR_ALERT, 5, 255)
    },
    "cut_between_records": (TRUNCATED, lambda p: text(p)),
    "cut_inside_a_record": (TRUNCATED, lambda p: text(p)[:40]),
    "cut_inside_a_header": (TRUNCATED, lambda p: text(p)[:3]),
    **{
        f"alert_{name}": (NOTHING, lambda p, number=number: record(p, ALERT, bytes([number])))
        for number, name in {**ALERTS, 200: "of_unknown_number", 0: "of_number_zero"}.items()
    },
}

STAGES = {
    "client": {
        "hello": CLIENT_HELLOS, "auth": CLIENT_AUTH_RECORDS, "finished": FINISHED_RECORDS,
        "established": ESTABLISHED,
    },
    "server": {
        "announcement": ANNOUNCEMENTS, "hello": SERVER_HELLOS, "auth": SERVER_AUTH_RECORDS,
        "finished": FINISHED_RECORDS, "established": ESTABLISHED,
    },
}


# Not in the list: what ends these is the clock, and how far it is set is not in the protocol.
SILENCES = {
    "silence_before_hello": ("hello", lambda c: PREFACE + c.hello[:1000]),
    "silence_before_auth": ("auth", lambda c: b""),
}


def find(role, attack):
    """`STAGE/NAME` as stage, what is sent there, and whether the stream is cut behind it."""
    stage, name = attack.split("/")
    if stage == "silence":
        return (*SILENCES[name], False)
    expected, make = STAGES[role][stage][name]
    return stage, make, expected == TRUNCATED


def main():
    for stage, attacks in STAGES[sys.argv[1]].items():
        for name, (expected, _) in attacks.items():
            expected = ALERTS.get(expected, expected)
            print(json.dumps({"attack": f"{stage}/{name}", "stage": stage, "expected": expected}))


if __name__ == "__main__":
    main()
