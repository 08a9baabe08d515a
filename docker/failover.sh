#!/bin/sh
# Tries on this machine what docker/compose.ha.yaml is for: three voters (etcd), two databases (Patroni), two web processes
# and two workers of ours, officials at work; the leader is changed once and killed twice. Ends with a table, and with an
# error when a step that was acknowledged is missing or anything is there twice. About five minutes.
#
#   sudo docker/failover.sh        on Debian: installs etcd-server and postgresql where they are missing
. "$(dirname "$0")/setup.sh"
take_turn
setup_python requirements-test.txt test
setup_assets
release_turn
tools=/var/tmp/shouwang-patroni # PostgreSQL refuses to run as root: whoever runs it must reach Patroni and its Python
PATRONI=$tools/bin/patroni
if [ ! -x "$PATRONI" ]; then
    say "… 安装 Patroni"
    /usr/bin/python3 -m venv "$tools"
    # two of what it needs come as sources alone
    "$tools/bin/pip" install -qq --only-binary :all: --no-binary ydiff,python-etcd 'patroni[etcd3,psycopg3]==4.1.5' psycopg-binary
fi
programs() { find /usr/lib/postgresql -name initdb 2>/dev/null | sort | tail -n 1; }
if [ -z "$(programs)" ] || ! command -v etcd >/dev/null 2>&1; then
    say "… 安装 PostgreSQL 和 etcd"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql etcd-server >/dev/null
fi
POSTGRES_BINARIES=$(dirname "$(programs)")
export PATRONI POSTGRES_BINARIES PATH="$VENV/bin:$PATH"
exec pytest -x -rP --operation tests/operation/failover.py
