"""The two roles of peer_v2.py against each other: if these disagree, the peer is wrong.

Conversations in every way to write, renewed keys, both halves' ends, pins, and
each attack of attacks_v2.py against the role that it is meant for. Knows nothing
of the Rust code. Exits nonzero on the first mismatch.
"""

import concurrent.futures
import contextlib
import json
import queue
import subprocess
import sys
import threading

from attacks_v2 import NOTHING, STAGES, TRUNCATED, UNREADABLE
from records_v2 import ALERTS, BAD_RECORD
from selftest import HERE, TEXT, Peer


class Server(Peer):
    def __init__(self, *arguments):
        super().__init__("server_v2.py", *arguments)
        self.port = int(super().line().rsplit(":", 1)[1])
        # Nobody may block the server by leaving its log unread.
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self.drain, daemon=True).start()

    def drain(self):
        with contextlib.suppress(ValueError):  # Closed by our own end.
            for line in self.child.stdout:
                self.lines.put(line)

    def line(self):
        return self.lines.get(timeout=60)

    def until(self, name):
        while (event := json.loads(self.line()))["event"] != name:
            pass
        return event


def expect_echo(client, text):
    message = client.ask("message", op="recv", timeout=60)
    assert message["text"] == f"echo: {text}", f"wrong echo: {message['text'][:200]!r}"


def converse(server_write, client_write, hello):
    merged = ["first", TEXT, "", "x" * 65_530]
    with Server("--write", server_write, "--greeting", "hi") as server, Peer(
            "client_v2.py", "--port", server.port, "--write", client_write, "--hello", hello,
            "--merge-texts", json.dumps(merged[:3])) as client:
        announced = client.event("announced")
        established = client.event("established")
        assert announced["pem"].startswith("-----BEGIN PUBLIC KEY-----\n")
        theirs = server.event("established")
        assert theirs["session_id"] == established["session_id"]
        assert theirs["fingerprint"] == established["own"]
        assert client.ask("message", op="recv", timeout=60)["text"] == "hi"
        for text in merged[:3]:
            expect_echo(client, text)
        client.ask("sent", op="send", text=merged[3])
        expect_echo(client, merged[3])
        for number in range(10):
            texts = [f"{number}-{at}" for at in range(100)]
            client.ask("sent", op="send_all", texts=texts)
            for text in texts:
                expect_echo(client, text)
            client.ask("rekeyed", op="rekey")
            client.ask("sent", op="send", text="/rekey")
            expect_echo(client, "/rekey")
        assert client.ask("rekeyed", op="rekey")["received_updates"] == 10
        client.ask("finished", op="finish")
        client.ask("close_received", op="recv")
        ended = client.ask("closed", op="recv")
        assert ended["bytes_after_close"] == 0 and not ended["reset"]
        closed = server.until("closed")
        assert (closed["sent_updates"], closed["received_updates"], closed["truncated"]) == (10, 11, False)


def check_ends():
    with Server() as server:
        with Peer("client_v2.py", "--port", server.port) as client:
            pin = client.event("announced")["fingerprint"]
            client.event("established")
            client.ask("sent", op="send", text="/close")
            client.ask("close_received", op="recv")
            # Only the server's direction has ended.
            client.ask("sent", op="send", text="still heard")
            assert server.until("message")["text"] == "/close"
            assert server.until("message")["text"] == "still heard"
            client.ask("finished", op="finish")
            assert not server.until("closed")["truncated"]
        with Peer("client_v2.py", "--port", server.port) as client:
            client.event("announced")
            client.event("established")
            client.ask("sent", op="send", text="/cut")
            assert client.ask("closed", op="recv")["truncated"]
            server.until("message")
        with Peer("client_v2.py", "--port", server.port) as client:
            client.event("announced")
            client.event("established")
            client.ask("bye", op="cut")
            assert server.until("closed")["truncated"]
        with Peer("client_v2.py", "--port", server.port, "--learn") as client:
            client.event("announced")
            assert client.event("untrusted")["presented"] == pin
            client.event("close_received")
            assert not client.event("closed")["truncated"]
            assert not server.until("closed")["truncated"]
        with Peer("client_v2.py", "--port", server.port, "--pin", pin) as client:
            client.event("announced")
            client.event("established")
        with Peer("client_v2.py", "--port", server.port, "--pin", pin[:-1] + "?") as client:
            client.event("announced")
            client.event("untrusted")
            alert = server.until("alert")
            assert alert["name"] == "handshake_failed" and alert["sealed"], alert
    for place in ("first", "behind"):
        with Server("--error-frame", place) as server, Peer("client_v2.py", "--port", server.port) as client:
            if place == "behind":
                client.event("announced")
            assert client.event("error_frame")["code"] == "too_many_connections"


def run(program, *arguments):
    """All events of a program that ends by itself."""
    output = subprocess.run(
        [sys.executable, str(HERE / program), *map(str, arguments)], input="", capture_output=True,
        text=True, encoding="utf-8", timeout=120, check=True,
    )
    return [json.loads(line) for line in output.stdout.splitlines()]


def check_answer(attack, expected, stage, role, events):
    """What the attacker saw: the one right alert, sealed if keys are there, and then the end."""
    alerts = [event for event in events if event["event"] == "alert"]
    assert events and events[-1]["event"] == "closed", f"{attack}: {events}"
    if expected in (TRUNCATED, NOTHING, UNREADABLE):
        assert not alerts, f"{attack}: {events}"
    else:
        in_clear = stage in ("announcement", "hello")
        assert [alert["number"] for alert in alerts] == [expected], f"{attack}: {expected}, {events}"
        assert alerts[0]["sealed"] != in_clear, f"{attack} by {role}: {events}"
    texts = [event.get("text", "") for event in events if event["event"] == "message"]
    assert not any("never delivered" in text for text in texts), f"{attack}: {events}"


def attack_server(port, stage, name, expected):
    events = run("client_v2.py", "--port", port, "--attack", f"{stage}/{name}")
    check_answer(name, expected, stage, "client", events)


def attack_client(stage, name, expected):
    with Server("--attack", f"{stage}/{name}") as server:
        with Peer("client_v2.py", "--port", server.port) as client:
            events = []
            while not events or events[-1]["event"] not in ("established", "closed"):
                events.append(json.loads(client.line()))
            if events[-1]["event"] == "established":
                client.ask("sent", op="send", text="hello")
                client.tell(op="recv")
                while events[-1]["event"] != "closed":
                    events.append(json.loads(client.line()))
                    if events[-1]["event"] == "message":
                        client.tell(op="recv")
            if stage in ("announcement", "hello", "auth", "finished"):
                assert not any(event["event"] == "established" for event in events), f"{name}: {events}"
            refused = [event["alert"] for event in events if event["event"] == "refused"]
            owed = ALERTS.get(BAD_RECORD if expected == UNREADABLE else expected)
            assert refused == ([owed] if owed else []), f"{name}: {events}"
            assert events[-1]["truncated"] == (expected == TRUNCATED), f"{name}: {events}"
            seen = []
            while not seen or seen[-1]["event"] != "closed":
                seen.append(json.loads(server.line()))
        check_answer(name, expected, stage, "server", seen)


def check_attacks():
    with concurrent.futures.ThreadPoolExecutor(4) as pool, Server("--greeting", "hi") as server:
        jobs = [
            pool.submit(attack_server, server.port, stage, name, expected)
            for stage, attacks in STAGES["client"].items() for name, (expected, _) in attacks.items()
        ] + [
            pool.submit(attack_client, stage, name, expected)
            for stage, attacks in STAGES["server"].items() for name, (expected, _) in attacks.items()
        ]
        failures = []
        for job in jobs:
            try:
                job.result()
            except AssertionError as error:
                failures.append(str(error))
    print(f"{len(jobs)} attacks, {len(failures)} not answered as they should be")
    assert not failures, "\n".join(failures)


def main():
    for server_write in ("whole", "bytewise"):
        for client_write in ("whole", "bytewise"):
            for hello in ("early", "late"):
                converse(server_write, client_write, hello)
    print("8 conversations")
    check_ends()
    print("ends and pins")
    check_attacks()


if __name__ == "__main__":
    main()
