"""Protocol v2 client on peer_v2.py, driven by JSON lines on stdin.

Commands (one JSON object a line), each answered with one JSON line that has an
"event":
  {"op":"send","text":T}          one record        {"op":"send_all","texts":[T,…]}  as few as possible
  {"op":"recv","timeout":SECONDS} a message, the other side's close or the end
  {"op":"rekey"}                  key_update        {"op":"finish"}                  authenticated close
  {"op":"half_close"}             ends only our half of the stream
  {"op":"cut"}                    drops the stream without a close
"""

import argparse
import json
import socket
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import attacks_v2
from keys_v2 import fingerprint
from peer_v2 import Client
from records_v2 import KEY_UPDATE, AlertReceived, Closed, ErrorFrame, Fault, Truncated, Untrusted, Wire
from report_v2 import emit, emit_end, emit_message, updates, watch
from websocket_v2 import WebSocket

ENDS = (Fault, AlertReceived, Closed, ErrorFrame, Truncated, ConnectionError)


def receive(client, timeout):
    client.wire.timeout = timeout
    if client.received_close:
        await_end(client)
        return
    try:
        emit_message(client.receive())
    except TimeoutError:
        emit("timeout")
    except ENDS as error:
        end(client, error)


def end(client, error):
    emit_end(client, error)
    if not isinstance(error, Closed):
        client.wire.drop()


def await_end(client):
    """Behind a close nothing is read; only the stream's end is of interest."""
    after = len(client.wire.buffer)
    try:
        client.wire.sock.settimeout(client.wire.timeout)
        while chunk := client.wire.sock.recv(65536):
            after += len(chunk)
        emit("closed", truncated=False, reset=False, bytes_after_close=after)
    except TimeoutError:
        emit("timeout")
    except ConnectionError:
        emit("closed", truncated=False, reset=True, bytes_after_close=after)


def run_command(client, command):
    op = command["op"]
    if op == "send":
        client.send_messages([command["text"].encode("utf-8")])
        emit("sent")
    elif op == "send_all":
        client.send_messages([text.encode("utf-8") for text in command["texts"]])
        emit("sent")
    elif op == "recv":
        receive(client, command.get("timeout", 10))
    elif op == "rekey":
        client.send(KEY_UPDATE)
        emit("rekeyed", sent_updates=updates(client.sending), received_updates=updates(client.receiving))
    elif op == "finish":
        client.send_close()
        emit("finished")
    elif op == "half_close":
        client.wire.end()
        emit("half_closed")
    elif op == "cut":
        client.wire.sock.close()
        emit("bye")
    else:
        emit("unknown_op", op=op)
    return op != "cut"


def attack(client, name):
    stage, make, cut = attacks_v2.find("client", name)
    if stage == "hello":
        client.read_announcement()
        emit_announced(client)
    else:
        client.start()
        client.read_announcement()
        emit_announced(client)
        client.read_server()
        if stage == "finished":
            client.wire.write(client.seal_auth())
        elif stage == "established":
            client.finish()
            emit_message(client.receive())
    data = make(client)
    try:
        client.wire.write(data)
        if cut:
            client.wire.end()
    except OSError as error:
        emit("attack_cut_short", why=repr(error))
    watch(client)


def emit_announced(client):
    local = "{}:{}".format(*client.wire.sock.getsockname()[:2])
    pem = client.announcement[11:-1].decode("ascii")
    emit("announced", fingerprint=fingerprint(client.peer_spki), pem=pem, local=local)


def establish(client, options):
    if options.hello == "early":
        client.start()
    client.read_announcement()
    emit_announced(client)
    if options.hello == "late":
        client.start()
    client.read_server()
    client.finish([text.encode("utf-8") for text in json.loads(options.merge_texts)])
    emit("established", session_id=client.session_id.hex(), own=fingerprint_of(client.key))


def fingerprint_of(key):
    return fingerprint(key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def load_key(options):
    if options.key:
        with open(options.key, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)
    return rsa.generate_private_key(65537, options.key_bits)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--websocket", action="store_true", help="the port is HTTP's: go through the tunnel")
    parser.add_argument("--write", choices=["whole", "bytewise"], default="whole")
    parser.add_argument("--hello", choices=["early", "late"], default="early",
                        help="before the announcement was read, or after")
    parser.add_argument("--merge-texts", default="[]", help="JSON array, sent with client_finished")
    parser.add_argument("--key", help="PEM file with the client's private key")
    parser.add_argument("--key-bits", type=int, default=2048)
    parser.add_argument("--pin", help="the only fingerprint that is accepted")
    parser.add_argument("--learn", action="store_true", help="close when the server's key is proven")
    parser.add_argument("--attack", help="STAGE/NAME of attacks_v2.py; then report all that comes back")
    return parser.parse_args()


def main():
    options = arguments()
    sock = socket.create_connection((options.host, options.port), timeout=20)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if options.websocket:
        sock = WebSocket(sock, options.host, options.port)
    wire = Wire(sock, options.write, timeout=20 if options.attack else 60)
    client = Client(wire, load_key(options), options.pin, options.learn)
    try:
        if options.attack:
            attack(client, options.attack)
            return
        establish(client, options)
    except Untrusted as untrusted:
        emit("untrusted", presented=str(untrusted))
        watch(client)
        return
    except ENDS as error:
        end(client, error)
        return
    for line in sys.stdin:
        try:
            if not run_command(client, json.loads(line)):
                return
        except OSError as error:
            # The next recv tells why the connection is gone.
            emit("write_failed", why=repr(error))


if __name__ == "__main__":
    main()
