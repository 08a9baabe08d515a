#!/bin/sh
# Checks what lies in this folder without starting any of it: Dockerfiles, compose files and scripts always; what Compose makes
# of its files, nginx.conf and the systemd units where the machine has Compose 2, nginx and systemd. Part of ./test, which has
# installed hadolint and dclint.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf '%s\n' "$*" >&2; }

hadolint docker/Dockerfile docker/ha/Dockerfile
PATH="node_modules/.bin:$PATH" dclint --quiet --config docker/.dclintrc.json docker/compose.yaml docker/compose.ha.yaml
compose() {
    if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}
if compose version --short 2>/dev/null | grep -q '^v\{0,1\}[2-9]'; then
    : >"$work/empty" # no setting but what is written here
    compose --env-file "$work/empty" -f docker/compose.yaml config --quiet
    printf '%s\n' NODE=one NODE_ADDRESS=10.0.0.1 NODES=one=https://10.0.0.1:2380 VOTERS=10.0.0.1:2379 ARCHIVE=/mnt/archive >"$work/node"
    compose --env-file "$work/node" --profile database -f docker/compose.ha.yaml config --quiet
else
    say "没有 Docker Compose，不让它读 docker/compose.yaml 和 docker/compose.ha.yaml。"
fi
for script in demo test docker/*.sh docker/ha/*.sh; do sh -n "$script"; done

if command -v nginx >/dev/null 2>&1 && command -v openssl >/dev/null 2>&1; then
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=shouwang -keyout "$work/tls_key" -out "$work/tls_certificate" 2>/dev/null
    mkdir "$work/tmp"
    sed "s#/tmp/#$work/tmp/#; s#/run/secrets/#$work/#" docker/nginx.conf >"$work/nginx.conf"
    nginx -t -q -c "$work/nginx.conf"
else
    say "没有 nginx 或 openssl，不检查 docker/nginx.conf。"
fi

if command -v systemd-analyze >/dev/null 2>&1; then
    for unit in docker/systemd/*; do # the program lies elsewhere here
        sed 's#^ExecStart=/opt/shouwang/bin/shouwang#ExecStart=/bin/sh#' "$unit" >"$work/${unit##*/}"
    done
    systemd-analyze verify --man=no "$work"/*.service "$work"/*.timer
    for unit in "$work"/*.service; do
        systemd-analyze security --offline=yes --threshold=20 "$unit" >"$work/security" || { cat "$work/security"; exit 1; }
    done
else
    say "没有 systemd，不检查 docker/systemd。"
fi
