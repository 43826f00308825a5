#!/bin/sh
# Installs the packages in a copy of this system, starts the server as its user, and removes them
# again. Nothing of this system is changed: the copy is an overlay that ends with this process. Needs
# root, and a mount namespace of its own:
#
#     unshare --mount sh packaging/install-test.sh SERVER.deb CLIENT.deb
set -eu

server=$(realpath "$1")
client=$(realpath "$2")
copy=$(mktemp -d)
trap 'umount -l "$copy" && rmdir "$copy"' EXIT
mount --make-rprivate /
mount -t tmpfs copy "$copy"
mkdir "$copy/new" "$copy/work" "$copy/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$copy/new,workdir=$copy/work" "$copy/root"
cp "$server" "$copy/root/tmp/server.deb"
cp "$client" "$copy/root/tmp/client.deb"
mount -t proc proc "$copy/root/proc"
mount --rbind /dev "$copy/root/dev"

cat >"$copy/root/tmp/steps.sh" <<'STEPS'
set -eu
fail() { echo "FAILED: $1" >&2; exit 1; }
there() { for path in "$@"; do [ -e "$path" ] || fail "$path is not there"; done; }
gone() { for path in "$@"; do [ ! -e "$path" ] || fail "$path is still there"; done; }
data=/var/lib/secure-chat
unit=/usr/lib/systemd/system/secure-chat-server.service
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
# No service manager runs here, and none of the host may be asked.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
rm -rf /run/systemd/system

echo "--- installing"
dpkg --force-depends -i /tmp/server.deb /tmp/client.deb
there /usr/bin/secure-chat-server /usr/bin/secure-chat "$unit" /etc/secure-chat/server.toml \
    /usr/share/man/man1/secure-chat-server.1.gz /usr/share/man/man1/secure-chat.1.gz \
    /usr/share/bash-completion/completions/secure-chat-server \
    /etc/systemd/system/multi-user.target.wants/secure-chat-server.service
gone /etc/systemd/system/sockets.target.wants/secure-chat-server-tcp.socket
id secure-chat >/dev/null || fail "there is no user secure-chat"
[ "$(getent passwd secure-chat | cut -d: -f7)" = /usr/sbin/nologin ] || fail "the user can log in"
secure-chat --version

echo "--- starting as systemd does, on ports of its own"
# StateDirectory= of the unit.
install -d -o secure-chat -g secure-chat -m 700 "$data"
serve() {
    setpriv --reuid=secure-chat --regid=secure-chat --clear-groups --no-new-privs --inh-caps=-all \
        /usr/bin/secure-chat-server --config /etc/secure-chat/server.toml \
        --listen 127.0.0.1:0 --http 127.0.0.1:0 >/tmp/out 2>/tmp/log &
    pid=$!
    tries=0
    until http=$(sed -n 's/^http listening on //p' /tmp/out) && [ -n "$http" ]; do
        kill -0 "$pid" 2>/dev/null || { cat /tmp/log >&2; fail "the server did not start"; }
        tries=$((tries + 1)); [ "$tries" -lt 600 ] || fail "the server is not ready"
        sleep 0.1
    done
}
stop() {
    kill -TERM "$pid"
    wait "$pid" || { cat /tmp/log >&2; fail "the server did not end well"; }
}
serve
python3 - "$http" <<'ASK'
import sys, urllib.request
assert urllib.request.urlopen(f"http://{sys.argv[1]}/healthz").status == 200
ASK
kill -HUP "$pid"
stop
there "$data/server_key.pem" "$data/chat.db"
key=$(sha256sum "$data/server_key.pem")

echo "--- installing again, with settings that somebody has changed"
echo '# changed' >>/etc/secure-chat/server.toml
dpkg --force-depends --force-confold -i /tmp/server.deb
grep -q '^# changed' /etc/secure-chat/server.toml || fail "the settings were overwritten"
serve
stop
[ "$key" = "$(sha256sum "$data/server_key.pem")" ] || fail "the key is another one"

echo "--- removing"
dpkg -r secure-chat-server secure-chat
gone /usr/bin/secure-chat-server /usr/bin/secure-chat "$unit"
there "$data/server_key.pem" "$data/chat.db" /etc/secure-chat/server.toml

echo "--- purging"
dpkg -P secure-chat-server secure-chat
gone /etc/secure-chat /usr/lib/sysusers.d/secure-chat-server.conf \
    /usr/share/doc/secure-chat-server \
    /etc/systemd/system/multi-user.target.wants/secure-chat-server.service
there "$data/server_key.pem" "$data/chat.db"
[ "$key" = "$(sha256sum "$data/server_key.pem")" ] || fail "the key is another one"
echo "--- installed, started, removed and purged; the data is left"
STEPS
chroot "$copy/root" sh /tmp/steps.sh
