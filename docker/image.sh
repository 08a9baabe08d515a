#!/bin/sh
# Builds the image without Docker, on a base made by debootstrap, and tries it: who runs, what answers, with a root
# that takes no writes; builds it again and compares. Says what failed; exit code 1 then.
#
#   docker/image.sh            needs root, debootstrap and buildah, about 3 GB under IMAGE_WORK (/tmp/shouwang-image)
#   ONCE=1 docker/image.sh     without the second build; KEEP=1 leaves the images for a look
set -eu
cd "$(dirname "$0")/.."
WORK=${IMAGE_WORK:-/tmp/shouwang-image}
PORT=8766
NAME=localhost/shouwang
REVISION=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$REVISION")
failed=0
mkdir -p "$WORK"

say() { printf '%s\n' "$*" >&2; }
report() { if [ "$2" = "$3" ]; then say "通过  $1：$2"; else say "失败  $1：$2，应为 $3"; failed=1; fi; }
buildah() { command buildah --root "$WORK/storage" --runroot "$WORK/run" --storage-driver vfs "$@"; }

unmount() {
    for point in tmp var/lib/shouwang dev proc ""; do umount --lazy "$WORK/root/$point" 2>/dev/null || true; done
}
finish() {
    [ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
    unmount
    [ -n "${KEEP:-}" ] || { buildah rm --all; buildah rmi --all --force; rm -rf "$WORK/storage" "$WORK/run"; } >/dev/null 2>&1
}
trap finish EXIT
trap 'exit 1' INT TERM

# The base: Debian 13 with Python, without what only an installation needs
if ! [ -f "$WORK/base.tar" ]; then
    say "… debootstrap"
    rm -rf "$WORK/base"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates trixie "$WORK/base" >"$WORK/base.log" 2>&1
    for rest in var/cache/apt var/lib/apt/lists var/log usr/share/doc usr/share/man usr/share/locale; do
        find "$WORK/base/$rest" -mindepth 1 -delete
    done
    tar -C "$WORK/base" -cf "$WORK/base.tar" .
    rm -rf "$WORK/base"
fi
base=$(buildah from scratch)
buildah add -q "$base" "$WORK/base.tar" / >/dev/null
buildah commit -q --rm "$base" "$NAME-base" >/dev/null

# image TAG: one build from nothing but the base and the committed files
image() {
    say "… 构建 $1"
    buildah bud --isolation chroot --format docker --no-cache --timestamp "$SOURCE_DATE_EPOCH" \
        --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro \
        --build-arg PYTHON_IMAGE="$NAME-base" --build-arg SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" \
        --build-arg VERSION="$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)" \
        --build-arg REVISION="$REVISION" \
        --ignorefile docker/Dockerfile.dockerignore --file docker/Dockerfile --tag "$NAME:$1" "$source" >"$WORK/build-$1.log" 2>&1 ||
        { tail -n 20 "$WORK/build-$1.log" >&2; exit 1; }
}
# content TAG: a line for each file: name, kind, mode, owner, date, where it leads, hash of what is in it
content() {
    container=$(buildah from "$NAME:$1")
    folder=$(buildah mount "$container")
    (
        cd "$folder"
        find . -printf '%P %y %m %U:%G %T@ %l\n' | LC_ALL=C sort
        find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    ) >"$WORK/content-$1"
    buildah rm "$container" >/dev/null
}

source=$(mktemp -d "$WORK/source.XXXX")
git archive "$REVISION" | tar -x -C "$source"
image first
content first
if [ -z "${ONCE:-}" ]; then
    image second
    content second
    report "两次构建，内容" "$(sha256sum <"$WORK/content-first")" "$(sha256sum <"$WORK/content-second")"
    diff "$WORK/content-first" "$WORK/content-second" | head -n 20 >&2 || true
    # What buildah writes down of the building itself, a container's number and name, is no part of what runs.
    for build in first second; do
        buildah inspect --type image "$NAME:$build" |
            grep -Ev "\"(FromImageID|FromImageDigest|Config|Manifest|container|Hostname)\": \"|$NAME:$build" >"$WORK/inspected-$build"
    done
    report "两次构建，各层和设置" "$(sha256sum <"$WORK/inspected-first")" "$(sha256sum <"$WORK/inspected-second")"
    diff "$WORK/inspected-first" "$WORK/inspected-second" | cut -c1-160 | head -n 20 >&2 || true
    [ -n "${KEEP:-}" ] || buildah rmi "$NAME:second" >/dev/null 2>&1 || true
fi
rm -rf "$source"

container=$(buildah from "$NAME:first")
folder=$(buildah mount "$container")
size() { du -sm --apparent-size "$1" | cut -f1; }
say "大小：$(size "$folder") MB，其中程序 $(size "$folder/opt/shouwang") MB"
told() { buildah inspect --type image --format "{{range .Docker.Config.$1}}{{println .}}{{end}}" "$NAME:first"; }
user=$(buildah inspect --type image --format '{{.Docker.Config.User}}' "$NAME:first")
report "镜像写明的用户" "$user" 10001:10001
told Healthcheck.Test | grep -q urlopen && report "健康检查" 有 有 || report "健康检查" 没有 有

# The container as an engine starts it: its user, its environment, a root that takes no writes, two places that do
mkdir -p "$WORK/root"
mount --bind "$folder" "$WORK/root"
mount -o remount,bind,ro "$WORK/root"
mount -t proc proc "$WORK/root/proc"
mount --bind /dev "$WORK/root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$WORK/root/tmp"
mount -t tmpfs -o "mode=0700,uid=${user%:*},gid=${user#*:}" tmpfs "$WORK/root/var/lib/shouwang"
settings=$(told Env)
inside() {
    # shellcheck disable=SC2086  # the settings have no blanks
    exec chroot --userspec="$user" "$WORK/root" /usr/bin/env -i $settings HOME=/tmp SHOUWANG_SECURE_COOKIES=0 \
        SHOUWANG_SECRET_KEY=image.sh /bin/sh -c "cd /var/lib/shouwang && exec $1"
}
say "… 建库"
(inside "shouwang db create") >"$WORK/create.log" 2>&1 || { tail -n 5 "$WORK/create.log" >&2; exit 1; }
inside "shouwang serve --host 127.0.0.1 --port $PORT" >"$WORK/serve.log" 2>&1 &
server=$!
ask() { python3 -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=10).status)' "http://127.0.0.1:$PORT$1" 2>/dev/null; }
for _ in $(seq 60); do
    answer=$(ask /login) && break
    sleep 1
done
report "登录页" "${answer:-没有答复}" 200
report "健康检查的答复" "$(ask /ready || echo 没有)" 200
report "进程的用户" "$(awk '/^Uid:/ { print $2 ":" $3 }' "/proc/$server/status")" 10001:10001
for place in / /etc /opt/shouwang /usr; do
    (inside "touch $place/written") 2>/dev/null && report "不能写 $place" 写进去了 不能 || report "不能写 $place" 不能 不能
done
kill "$server"
wait "$server" 2>/dev/null && code=0 || code=$?
report "停止后的退出码" "$code" 0
server=
exit $failed
