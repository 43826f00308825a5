"""The Python peers against each other: if these disagree, the peers are wrong.

Both clients × salts × writes × JSON layouts × key forms against the Python
server, with 1 MiB and non-ASCII texts; each attack against it; the demo's
client; and decrypt_capture.py on a recorded and on spoiled streams. Knows
nothing of the Rust code. Exits nonzero on the first mismatch.
"""

import base64
import hashlib
import itertools
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1024 * 1024
TEXT = "Grüße, 世界 🦀\nsecond line"
CLIENTS = ["client_cryptography.py", "client_pycryptodome.py"]
ATTACKS = {
    "wrong_mac": "bad_message", "wrong_padding_with_right_mac": "bad_message",
    "ciphertext_not_multiple_of_16": "bad_message", "invalid_utf8_plaintext": "bad_message",
    "handshake_twice": "malformed", "message_before_handshake": "malformed",
    "blob_47": "handshake_failed", "blob_49": "handshake_failed",
    "signature_over_other_bytes": "handshake_failed", "signature_zero": "handshake_failed",
    "oaep_sha1": "handshake_failed", "oaep_wrong_key": "handshake_failed",
    "key_1024": "handshake_failed", "key_8192": "handshake_failed",
    "key_even_modulus": "handshake_failed", "key_exponent_1": "handshake_failed",
    "key_exponent_3": "handshake_failed", "endless_unterminated_frame": "frame_too_large",
}
TEXT_ATTACKS = {
    "base64_junk": "malformed", "base64url_alphabet": "malformed", "json_deep": "malformed",
    "json_giant": "frame_too_large", "json_array": "malformed", "json_missing_field": "malformed",
}


class Peer:
    """A child program that speaks JSON lines."""

    def __init__(self, program, *arguments):
        command = [sys.executable, str(HERE / program), *map(str, arguments)]
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def line(self):
        line = self.child.stdout.readline()
        assert line, f"{self.child.args} ended early"
        return line

    def event(self, name):
        event = json.loads(self.line())
        assert event["event"] == name, f"expected {name}, got {str(event)[:300]}"
        return event

    def tell(self, **command):
        self.child.stdin.write(json.dumps(command) + "\n")
        self.child.stdin.flush()

    def ask(self, event_name, **command):
        self.tell(**command)
        return self.event(event_name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.terminate()
        self.child.wait()


class Server(Peer):
    def __init__(self, *arguments):
        super().__init__("server_cryptography.py", *arguments)
        self.port = int(self.line().rsplit(":", 1)[1])
        # Nobody may block the server by leaving its log unread.
        self.log = []
        threading.Thread(target=self.log.extend, args=(self.child.stdout,), daemon=True).start()


def digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def expect_echo(client, text):
    message = client.ask("message", op="recv", timeout=60)
    assert message["text"] == f"echo: {text}", f"wrong echo: {message['text'][:200]!r}"
    assert message["sha256"] == digest(f"echo: {text}")


def converse(port, key, program, salt, write, layout, form):
    merged = ["first", TEXT, "third"]
    with Peer(program, "--port", port, "--key", key, "--salt", salt, "--write", write, "--json", layout,
              "--client-pub", form, "--merge-texts", json.dumps(merged)) as client:
        client.event("announced")
        client.event("established")
        for text in merged if write == "merged" else []:
            expect_echo(client, text)
        client.ask("sent", op="send", text=TEXT)
        expect_echo(client, TEXT)
        sent = client.ask("sent", op="send_size", bytes=MIB, seed=7)
        assert sent["bytes"] == MIB
        echo = client.ask("message", op="recv", timeout=60)["text"]
        assert echo.startswith("echo: ") and digest(echo[6:]) == sent["sha256"]
        client.ask("timeout", op="recv", timeout=0.1)
        client.ask("half_closed", op="half_close")
        assert not client.ask("closed", op="recv", timeout=10)["truncated"]


def check_conversations(key):
    with Server("--max-frame-bytes", 2 * MIB) as server:
        cases = itertools.product(
            CLIENTS, ["max", "32"], ["whole", "bytewise", "merged"], ["compact", "indented"], ["spki", "pkcs1"]
        )
        for count, case in enumerate(cases, 1):
            converse(server.port, key, *case)
    print(f"{count} conversations")
    for options in (["--extra-newline"], ["--write", "bytewise"], ["--json", "indented"]):
        with Server("--max-frame-bytes", 2 * MIB, *options) as server:
            for program in CLIENTS:
                converse(server.port, key, program, "32", "whole", "compact", "spki")
    for program in CLIENTS:
        with Server("--key-bits", 3072) as server, Peer(program, "--port", server.port, "--key-bits", 3072) as client:
            client.event("announced")
            client.event("established")
            client.ask("sent", op="send", text="3072")
            expect_echo(client, "3072")


def check_attacks(key):
    whole = [(name, "handshake", code) for name, code in ATTACKS.items()]
    spoiled = [(name, phase, code) for phase in ("handshake", "message") for name, code in TEXT_ATTACKS.items()]
    with Server("--max-frame-bytes", 2 * MIB) as server:
        for name, phase, code in whole + spoiled:
            with Peer("client_cryptography.py", "--port", server.port, "--key", key,
                      "--attack", name, "--phase", phase) as client:
                events = [json.loads(line) for line in client.child.stdout]
            codes = [event["code"] for event in events if event["event"] == "error_frame"]
            assert codes == [code], f"{name} in {phase}: {events}"
            assert events[-1]["event"] in ("closed", "attack_cut_short", "attack_sent"), events
        # After all that, the server still serves.
        converse(server.port, key, CLIENTS[0], "32", "whole", "compact", "spki")
    print(f"{len(ATTACKS) + len(spoiled)} attacks")


def check_seed_client():
    with Server() as server:
        command = [sys.executable, str(HERE / "seed_client.py"), "127.0.0.1", str(server.port), "one", "zwei €"]
        out = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True).stdout
    assert out.splitlines() == ["echo: one", "echo: zwei €"], out


def record(port, run):
    """Runs `run(port)` through a recording proxy; returns both streams."""
    streams = {"client_to_server": b"", "server_to_client": b""}
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, sink, name):
        while data := source.recv(65536):
            streams[name] += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def proxy():
        inner, _ = listener.accept()
        outer = socket.create_connection(("127.0.0.1", port))
        back = threading.Thread(target=pump, args=(outer, inner, "server_to_client"))
        back.start()
        pump(inner, outer, "client_to_server")
        back.join()

    thread = threading.Thread(target=proxy)
    thread.start()
    run(listener.getsockname()[1])
    thread.join(20)
    return streams


def decrypt(folder, key, streams, *options):
    capture = folder / "capture.json"
    encoded = {name: [base64.b64encode(data).decode("ascii")] for name, data in streams.items()}
    capture.write_text(json.dumps(encoded), encoding="utf-8")
    command = [sys.executable, str(HERE / "decrypt_capture.py"), str(capture), str(key), *options]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def check_capture(folder):
    server_key = folder / "server_key.pem"

    def talk(port):
        with Peer(CLIENTS[0], "--port", port) as client:
            client.event("announced")
            client.event("established")
            client.ask("sent", op="send", text=TEXT)
            expect_echo(client, TEXT)
            client.ask("half_closed", op="half_close")
            client.ask("closed", op="recv", timeout=10)

    with Server("--key-file", server_key) as server:
        assert server_key.stat().st_mode & 0o777 == 0o600
        streams = record(server.port, talk)
    code, events = decrypt(folder, server_key, streams)
    assert code == 0 and events[-1] == {"event": "ok", "client_to_server": 1, "server_to_client": 1}, events
    assert [e["text"] for e in events if e["event"] == "message"] == [TEXT, f"echo: {TEXT}"]

    sent, received = streams["client_to_server"], streams["server_to_client"]
    spoiled = {
        "announcement": {**streams, "server_to_client": b"X" + received},
        "newline": {**streams, "server_to_client": received.replace(b"-----\n\n", b"-----\n\n\n", 1)},
        "unfinished": {**streams, "client_to_server": sent[:-1]},
        "unknown key": {**streams, "client_to_server": sent.replace(b"{", b'{"a":1,', 1)},
        "duplicate key": {**streams, "client_to_server": sent.replace(b"{", b'{"client_pub":"AA==",', 1)},
        "not canonical": {**streams, "client_to_server": sent.replace(b'="}', b'"}')},
        "other session": {**streams, "client_to_server": sent.split(b"\n\n", 1)[1]},
        "wrong MAC": {**streams, "client_to_server": sent.replace(b'"hmac":"', b'"hmac":"AAAA', 1)},
    }
    for name, wrong in spoiled.items():
        code, events = decrypt(folder, server_key, wrong)
        assert code == 1 and events[-1]["event"] == "violation", f"{name}: {events}"
    print(f"capture: 1 right, {len(spoiled)} spoiled ones refused")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        key = folder / "client.pem"
        command = ["-c", "from Crypto.PublicKey import RSA; print(RSA.generate(2048).export_key().decode())"]
        key.write_bytes(subprocess.run([sys.executable, *command], capture_output=True, check=True).stdout)
        check_seed_client()
        check_capture(folder)
        check_attacks(key)
        check_conversations(key)
    print("all agree")


if __name__ == "__main__":
    main()
