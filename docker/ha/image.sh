#!/bin/sh
# Builds the image of a database machine without Docker, on a base made by debootstrap, and starts one of it as
# compose.ha.yaml does, with one voter beside it: it makes the cluster, leads, takes what is written, archives it, and
# after a SIGKILL of PostgreSQL goes on by itself. Says what failed; exit code 1 then.
#
#   docker/ha/image.sh         needs root, debootstrap, buildah, etcd and openssl, about 3 GB under IMAGE_WORK
set -eu
cd "$(dirname "$0")/../.."
WORK=${IMAGE_WORK:-/tmp/shouwang-image}
NAME=localhost/shouwang-database
VOTER=23791
failed=0
mkdir -p "$WORK"

say() { printf '%s\n' "$*" >&2; }
report() { if [ "$2" = "$3" ]; then say "通过  $1：$2"; else say "失败  $1：$2，应为 $3"; failed=1; fi; }
buildah() { command buildah --root "$WORK/storage" --runroot "$WORK/run" --storage-driver vfs "$@"; }
finish() {
    for one in ${running:-}; do kill "$one" 2>/dev/null || true; done
    [ -z "${node:-}" ] || wait "$node" 2>/dev/null || true
    for point in run/postgresql var/lib/postgresql/data run/secrets archive tmp dev proc ""; do
        umount --lazy "$WORK/machine/$point" 2>/dev/null || true
    done
    [ -n "${KEEP:-}" ] || { buildah rm --all; buildah rmi --all --force; rm -rf "$WORK/storage" "$WORK/run" "$WORK/ha"; } >/dev/null 2>&1
}
trap finish EXIT
trap 'exit 1' INT TERM

# The base: Debian 12 with its PostgreSQL, as PostgreSQL's own image is
if ! [ -f "$WORK/database.tar" ]; then
    say "… debootstrap"
    rm -rf "$WORK/database"
    debootstrap --variant=minbase --include=ca-certificates,postgresql bookworm "$WORK/database" >"$WORK/database.log" 2>&1
    rm -rf "$WORK/database"/var/cache/apt/* "$WORK/database"/var/lib/postgresql/*/main
    tar -C "$WORK/database" -cf "$WORK/database.tar" .
    rm -rf "$WORK/database"
fi
base=$(buildah from scratch)
buildah add -q "$base" "$WORK/database.tar" / >/dev/null
buildah commit -q --rm "$base" "$NAME-base" >/dev/null
say "… 构建"
buildah bud --isolation chroot --format docker --build-arg POSTGRES_IMAGE="$NAME-base" --ignorefile docker/ha/Dockerfile.dockerignore \
    --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro \
    --file docker/ha/Dockerfile --tag "$NAME:first" . >"$WORK/build-ha.log" 2>&1 || { tail -n 20 "$WORK/build-ha.log" >&2; exit 1; }
folder=$(buildah mount "$(buildah from "$NAME:first")")
say "大小：$(du -sm --apparent-size "$folder" | cut -f1) MB"
report "镜像写明的用户" "$(buildah inspect --type image --format '{{.Docker.Config.User}}' "$NAME:first")" postgres
owner=$(chroot "$folder" id -u postgres):$(chroot "$folder" id -g postgres)

# One machine, as compose.ha.yaml starts it: a root that takes no writes, its secrets, its volumes
rm -rf "$WORK/ha" && mkdir -p "$WORK/ha" "$WORK/machine"
docker/ha/certificates.sh "$WORK/ha/made" 127.0.0.1
own=$WORK/ha/made/127.0.0.1
mkdir -p "$folder/run/secrets" "$folder/run/postgresql" "$folder/archive" # /var/run leads to /run: of this machine, from here
printf '127.0.0.1 localhost database\n' >"$folder/etc/hosts"
mount --bind "$folder" "$WORK/machine"
mount -o remount,bind,ro "$WORK/machine"
mount -t proc proc "$WORK/machine/proc"
mount --bind /dev "$WORK/machine/dev"
mount -t tmpfs -o mode=1777 tmpfs "$WORK/machine/tmp"
for volume in run/secrets run/postgresql archive var/lib/postgresql/data; do
    mount -t tmpfs -o "mode=0700,uid=${owner%:*},gid=${owner#*:}" tmpfs "$WORK/machine/$volume"
done
for name in database_password superuser_password replication_password archive_key; do
    openssl rand -base64 24 | tr -d '\n' >"$WORK/machine/run/secrets/$name"
done
cp "$own"/authority "$own"/database_* "$WORK/machine/run/secrets/"
chown "$owner" "$WORK"/machine/run/secrets/* && chmod 400 "$WORK"/machine/run/secrets/*
password=$(cat "$WORK/machine/run/secrets/database_password")

say "… 启动 $(chroot "$WORK/machine" patroni --version)，$(chroot "$WORK/machine" pgbackrest version)"
etcd --name=one --data-dir="$WORK/ha/etcd" --listen-peer-urls=https://127.0.0.1:$((VOTER + 1)) --listen-client-urls=https://127.0.0.1:$VOTER \
    --initial-advertise-peer-urls=https://127.0.0.1:$((VOTER + 1)) --advertise-client-urls=https://127.0.0.1:$VOTER \
    --trusted-ca-file="$own/authority" --cert-file="$own/etcd_certificate" --key-file="$own/etcd_key" --client-cert-auth \
    --peer-trusted-ca-file="$own/authority" --peer-cert-file="$own/etcd_certificate" --peer-key-file="$own/etcd_key" \
    --peer-client-cert-auth --initial-cluster=one=https://127.0.0.1:$((VOTER + 1)) >"$WORK/etcd.log" 2>&1 &
running=$!
inside() {
    exec chroot --userspec="$owner" "$WORK/machine" /usr/bin/env -i PATH="$PATH" HOME=/tmp NODE_ADDRESS=127.0.0.1 PATRONI_NAME=one \
        PATRONI_ETCD3_HOSTS=127.0.0.1:$VOTER "$@"
}
start() { inside /bin/sh /etc/shouwang/start.sh "$@"; }
start database >"$WORK/patroni.log" 2>&1 &
node=$!
running="$node $running"
leads() { curl --fail --silent --output /dev/null --cacert "$own/authority" https://127.0.0.1:8008/leader && echo 是; }
until_leader() {
    for _ in $(seq 90); do
        leads && return
        sleep 1
    done
    tail -n 30 "$WORK/patroni.log" >&2
    echo 没有
}
report "做主" "$(until_leader)" 是
report "成员" "$( (start ctl list) 2>>"$WORK/patroni.log" | grep -c 'one .*Leader .*running')" 1
ask() { # STATEMENT [PASSWORD [SSLMODE]]: as the application asks
    (inside /usr/bin/env PGPASSWORD="${2:-$password}" PGSSLMODE="${3:-verify-full}" PGSSLROOTCERT=/run/secrets/authority \
        psql -h 127.0.0.1 -U shouwang -d shouwang -qAtX -c "$1") 2>&1
}
report "写入" "$(ask 'CREATE TABLE tried (n int); INSERT INTO tried VALUES (1); SELECT count(*) FROM tried')" 1
report "没有密码的连不上" "$(ask 'SELECT 1' wrong | grep -c 'authentication failed')" 1
report "不加密的连不上" "$(ask 'SELECT 1' '' disable | grep -c 'no encryption')" 1
start archive >"$WORK/archive.log" 2>&1 &
running="$! $running"
archived() { (inside env PGBACKREST_CONFIG=/etc/shouwang/pgbackrest.conf PGBACKREST_REPO1_CIPHER_PASS="$(cat "$WORK/machine/run/secrets/archive_key")" \
    pgbackrest --stanza=shouwang info) 2>/dev/null | grep -c 'full backup'; }
for _ in $(seq 90); do
    [ "$(archived)" = 1 ] && break
    sleep 1
done
report "pgBackRest 的备份" "$(archived)" 1
kill -9 "$(head -n 1 "$WORK/machine/var/lib/postgresql/data/cluster/postmaster.pid")"
sleep 2
report "杀死 PostgreSQL 以后做主" "$(until_leader)" 是
for _ in $(seq 30); do
    [ "$(ask 'SELECT count(*) FROM tried')" = 1 ] && break
    sleep 1
done
report "以后读到的" "$(ask 'SELECT count(*) FROM tried')" 1
exit $failed
