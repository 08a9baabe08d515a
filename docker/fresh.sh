#!/bin/sh
# Tries the README's two commands on a machine that has nothing: Debian made by debootstrap with python3-venv and
# ca-certificates, as root and as an ordinary user, each in a clean copy of HEAD. Says what failed; exit code 1 then.
#
#   docker/fresh.sh [arguments of ./test]      needs root and debootstrap; FRESH=/path keeps the machine in that folder;
#                                              DEBIAN=bookworm (12, Python 3.11) instead of trixie (13, Python 3.13)
set -eu
cd "$(dirname "$0")/.."
DEBIAN=${DEBIAN:-trixie}
MACHINE=${FRESH:-/tmp/shouwang-fresh-$DEBIAN}
PORT=8765
failed=0

say() { printf '%s\n' "$*" >&2; }

if [ ! -x "$MACHINE/usr/bin/python3" ]; then
    say "… debootstrap: $MACHINE"
    debootstrap --variant=minbase --include=python3-venv,ca-certificates "$DEBIAN" "$MACHINE" >"$MACHINE.log" 2>&1
fi
cp /etc/resolv.conf /etc/hosts "$MACHINE/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$MACHINE/etc/ssl/certs/" # an office network may inspect TLS with its own authority
for settings in /etc/pip.conf /etc/npmrc; do [ ! -f "$settings" ] || cp "$settings" "$MACHINE/etc/"; done
grep -q '^worker:' "$MACHINE/etc/passwd" || chroot "$MACHINE" useradd -m worker

unmount() {
    for point in dev/shm dev proc; do umount "$MACHINE/$point" 2>/dev/null || true; done
}
trap unmount EXIT
mount -t proc proc "$MACHINE/proc"
mount --bind /dev "$MACHINE/dev"
mount -t tmpfs tmpfs "$MACHINE/dev/shm"

# inside USER COMMAND: in an empty environment, in the user's copy of the project
inside() {
    chroot --userspec="$1" "$MACHINE" /usr/bin/env -i HOME="$(home "$1")" /bin/sh -c "cd ~/shouwang && $2"
}
home() { [ "$1" = root ] && echo /root || echo "/home/$1"; }

# demo USER: whether ./demo answers within five minutes
demo() {
    chroot --userspec="$1" "$MACHINE" /usr/bin/env -i HOME="$(home "$1")" /bin/sh -c \
        "cd ~/shouwang && exec ./demo --port $PORT" >"$MACHINE/tmp/demo-$1.log" 2>&1 &
    process=$!
    answer=1
    for _ in $(seq 300); do
        if inside "$1" "python3 -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:$PORT/login\")'" 2>/dev/null; then
            answer=0
            break
        fi
        kill -0 "$process" 2>/dev/null || break
        sleep 1
    done
    kill "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
    return $answer
}

# report NAME USER COMMAND...
report() {
    name=$1
    user=$2
    shift 2
    if "$@"; then say "通过  $name"; else
        say "失败  $name：见 $MACHINE/tmp/"
        tail -n 15 "$MACHINE/tmp/$name-$user.log" >&2
        failed=1
    fi
}

tests() { inside "$1" "./test $2" >"$MACHINE/tmp/test-$1.log" 2>&1; }

for user in root worker; do
    copy=$MACHINE$(home $user)/shouwang
    rm -rf "$copy"
    mkdir -p "$copy"
    git archive HEAD | tar -x -C "$copy"
    chroot "$MACHINE" chown -R "$user" "$(home $user)"
    say "… $user"
    report demo $user demo $user
    report test $user tests $user "$*"
done
exit $failed
