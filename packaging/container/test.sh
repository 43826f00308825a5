#!/bin/sh
# Starts the server's image in containers as docs/DEPLOY.md says, on a root that cannot be written and
# without any capability, talks to it with the terminal client, and stops it. Nothing is left, and no
# port of this machine is taken: the containers have a network of their own. Needs podman, root, and a
# mount namespace of its own:
#
#     unshare --mount sh packaging/container/test.sh IMAGE.oci.tar CLIENT [OPTION-OF-PODMAN-RUN…]
#
# `probe` instead of all of these starts an empty container, to see whether that is possible here.
set -eu

folder=$(mktemp -d)
mount --make-rprivate /
# Its locks and its state, beside those of a podman that may be in use here.
mount -t tmpfs shm /dev/shm
# crun refuses systems that have both kinds of control groups with controllers in the second.
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi

fail() { echo "FAILED: $1" >&2; exit 1; }
pod() {
    podman --root "$folder/store" --runroot "$folder/run" --tmpdir "$folder/tmp" \
        --storage-driver vfs --events-backend none --cgroup-manager cgroupfs --runtime crun "$@"
}
finish() {
    code=$?
    if [ "$code" -ne 0 ]; then pod logs chat >&2 2>/dev/null || :; fi
    pod rm --all --force --time 0 >/dev/null 2>&1 || :
    pod unmount --all --force >/dev/null 2>&1 || :
    rm -rf "$folder"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

# By itself podman asks for more than a test may give that is in a container, too.
files=$(prlimit --nofile --raw --noheadings --output HARD | sed 's,unlimited,-1,')
# What compose.yaml has, with a network in which there is only loopback.
run() {
    pod run --network none --read-only --read-only-tmpfs=false --cap-drop all \
        --security-opt no-new-privileges --ulimit "nofile=$files:$files" \
        --ulimit nproc=1024:1024 --volume data:/var/lib/secure-chat "$@"
}
# Runs a program in the network of the container.
inside() { nsenter --net --target "$(pod inspect --format '{{.State.Pid}}' chat)" "$@"; }
health() { pod exec chat /usr/bin/secure-chat-server health; }

if [ "$1" = probe ]; then
    mkdir "$folder/probe"
    run --rm --volume /usr:/usr:ro --volume /lib:/lib:ro --volume /lib64:/lib64:ro \
        --rootfs "$folder/probe" /usr/bin/true
    exit
fi
archive=$(realpath "$1")
client=$(realpath "$2")
shift 2

echo "--- loading"
pod load --quiet --input "$archive"
image=$(pod images --quiet)
of_image() { pod image inspect --format "$1" "$image"; }
[ "$(of_image '{{.Config.User}}')" = 65532:65532 ] || fail "the image's user is another one"
for label in title version revision licenses; do
    [ -n "$(of_image "{{index .Config.Labels \"org.opencontainers.image.$label\"}}")" ] ||
        fail "the image has no label $label"
done
if of_image '{{.Config.Env}}' | grep -q INSECURE; then fail "the image takes a protection away"; fi

echo "--- starting without a word of how the page is protected"
code=0
run --rm "$@" "$image" >"$folder/out" 2>&1 || code=$?
[ "$code" -eq 64 ] || { cat "$folder/out" >&2; fail "it ends with $code"; }
grep -q -e --insecure-http "$folder/out" || { cat "$folder/out" >&2; fail "it does not say why"; }

start() {
    run --detach --name chat --env SECURE_CHAT_TLS_SELF_SIGNED=true "$@" >/dev/null
    tries=0
    until health >"$folder/health" 2>&1; do
        [ "$(pod inspect --format '{{.State.Running}}' chat)" = true ] || fail "it has ended"
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { cat "$folder/health" >&2; fail "it is not ready"; }
        sleep 0.1
    done
    cat "$folder/health"
}
stop() {
    pod stop --time 30 chat >/dev/null
    code=$(pod inspect --format '{{.State.ExitCode}}' chat)
    [ "$code" -eq 0 ] || fail "told to stop, it ends with $code"
    pod logs chat 2>&1 | grep -q stopped || fail "it does not say that it has stopped"
    pod rm chat >/dev/null
}
say() {
    echo "$1" | inside "$client" --data-dir "$folder/client" connect 127.0.0.1:5000 $2 >"$folder/said" 2>&1 ||
        { cat "$folder/said" >&2; fail "the terminal client does not get its line delivered"; }
}

echo "--- starting, and chatting"
start "$@" "$image"
pid=$(pod inspect --format '{{.State.Pid}}' chat)
status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
[ "$(status Uid)" = "$(printf '65532\t65532\t65532\t65532')" ] || fail "it runs as $(status Uid)"
[ "$(status CapEff)" = 0000000000000000 ] || fail "it has capabilities: $(status CapEff)"
[ "$(status CapBnd)" = 0000000000000000 ] || fail "it could get capabilities: $(status CapBnd)"
[ "$(status NoNewPrivs)" = 1 ] || fail "it could get privileges"
data=$(pod volume inspect --format '{{.Mountpoint}}' data)
[ "$(stat --format '%a %u:%g' "$data")" = '700 65532:65532' ] || fail "others have rights in the data"
inside python3 - "$#" <<'ASK'
import ssl, sys, urllib.request
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
def ask(path):
    return urllib.request.urlopen(f"https://127.0.0.1:8080{path}", context=context)
assert ask("/healthz").status == 200
# A quick image, which is given folders of this machine, has the page neither inside nor beside it.
if sys.argv[1] == "0":
    assert b"<html" in ask("/").read()
ASK
pod logs chat 2>&1 | grep -q 'operator claim link: https://' || fail "there is no claim link"
say "a line from outside" --accept-new
if pod exec chat /usr/bin/secure-chat-server backup --now /backup >"$folder/out" 2>&1; then
    fail "the root can be written"
fi
grep -qi 'read-only' "$folder/out" || { cat "$folder/out" >&2; fail "the root can be written"; }

echo "--- backing up, by a second container"
install -d -m 700 -o 65532 -g 65532 "$folder/backups"
run --rm --env SECURE_CHAT_TLS_SELF_SIGNED=true --volume "$folder/backups:/backups" "$@" \
    "$image" backup --now /backups/one
[ -f "$folder/backups/one/manifest.json" ] || fail "there is no backup"
cmp "$data/server_key.pem" "$folder/backups/one/server_key.pem"
stop

echo "--- starting again, with a log for programs"
start --env SECURE_CHAT_LOG_FORMAT=json "$@" "$image"
# The key that the client has pinned.
say "another line" ""
pod logs chat 2>&1 >/dev/null | python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert lines, "there is no log"
'
stop
echo "--- asking an ACME directory that is not there"
run --detach --name chat --env SECURE_CHAT_ACME=chat.example --env SECURE_CHAT_ACME_AGREE_TOS=true \
    --env SECURE_CHAT_ACME_DIRECTORY=https://localhost:1/dir "$@" "$image" >/dev/null
tries=0
# It has a name to look up, and authorities to trust, before it can be refused.
until pod logs chat 2>&1 | grep 'no certificate, and clients are refused' >"$folder/refused"; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail "it does not ask"
    sleep 0.1
done
grep -qi 'connection refused' "$folder/refused" || fail "it cannot ask a directory"
health
stop
echo "--- started, asked, chatted with, backed up, stopped and started again"
