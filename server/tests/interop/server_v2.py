"""Protocol v2 server on peer_v2.py: answers each message with `echo: ` before it.

Prints `listening on HOST:PORT` and then one JSON line an event. Ends with its
stdin. A message `/rekey` renews its own key before the answer; `/close` makes
it close its direction and read on; `/cut` makes it drop the stream.
"""

import argparse
import os
import socket
import sys
import threading

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import attacks_v2
from keys_v2 import fingerprint
from peer_v2 import Server
from records_v2 import KEY_UPDATE, AlertReceived, Closed, Fault, Truncated, Wire
from report_v2 import emit, emit_end, emit_message, watch

ENDS = (Fault, AlertReceived, Closed, Truncated, ConnectionError, TimeoutError)
ECHO = b"echo: "
ERROR_FRAME = b'{"error": "too_many_connections", "message": "No place is left."}\n\n'


def serve(sock, key, options):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = Server(Wire(sock, options.write), key)
    try:
        if options.attack:
            attack(server, options.attack)
        elif options.error_frame:
            server.wire.write((server.announcement if options.error_frame == "behind" else b"") + ERROR_FRAME)
            watch(server)
        else:
            converse(server, options)
    except ENDS as error:
        emit_end(server, error)
        if isinstance(error, Closed):
            # What waited has been answered already.
            if not server.sent_close:
                server.send_close()
            emit("closed", truncated=False, reset=False,
                 sent_updates=server.sending.updates, received_updates=server.receiving.updates)
    server.wire.drop()


def handshake(server):
    server.wire.write(server.announcement)
    server.read_client_hello()
    server.send_flight()
    server.read_client_auth()
    server.read_client_finished()
    emit("established", session_id=server.session_id.hex(), fingerprint=fingerprint(server.peer_spki))


def converse(server, options):
    handshake(server)
    if options.greeting:
        server.send_messages([greeting.encode("utf-8") for greeting in options.greeting])
    while True:
        message = server.receive()
        emit_message(message)
        if server.sent_close:
            continue
        if message == b"/cut":
            server.wire.end()
            return
        if message == b"/close":
            server.send_close()
            continue
        if message == b"/rekey":
            server.send(KEY_UPDATE)
        # All that came in one record is answered in one.
        batch = [ECHO + message]
        while server.messages and not server.messages[0].startswith(b"/"):
            batch.append(ECHO + server.messages[0])
            emit_message(server.messages.pop(0))
        server.send_messages(batch)


def attack(server, name):
    stage, make, cut = attacks_v2.find("server", name)
    if stage == "announcement":
        data = make(server)
    elif stage == "established":
        handshake(server)
        emit_message(server.receive())
        data = make(server)
    else:
        server.wire.write(server.announcement)
        server.read_client_hello()
        if stage == "hello":
            data = make(server)
        elif stage == "auth":
            data = server.take_hello(server.hello())
            data += make(server)
        else:
            data = server.take_hello(server.hello()) + server.seal_auth()
            data += make(server)
    server.wire.write(data)
    if cut:
        server.wire.end()
    watch(server)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", help="PEM file with the server's private key")
    parser.add_argument("--key-bits", type=int, default=2048)
    parser.add_argument("--write", choices=["whole", "bytewise"], default="whole")
    parser.add_argument("--greeting", action="append", default=[], help="a text sent right after the handshake")
    parser.add_argument("--error-frame", choices=["first", "behind"],
                        help="an error frame of v1 in place of the announcement, or behind it")
    parser.add_argument("--attack", help="STAGE/NAME of attacks_v2.py; then report all that comes back")
    return parser.parse_args()


def exit_with_stdin():
    """A test that dies closes our stdin: then nobody needs us."""
    sys.stdin.buffer.read()
    os._exit(0)


def load_key(options):
    if options.key:
        with open(options.key, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)
    return rsa.generate_private_key(65537, options.key_bits)


def main():
    options = arguments()
    key = load_key(options)
    listener = socket.create_server((options.host, options.port))
    print("listening on {}:{}".format(*listener.getsockname()[:2]), flush=True)
    threading.Thread(target=exit_with_stdin, daemon=True).start()
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock, key, options), daemon=True).start()


if __name__ == "__main__":
    main()
