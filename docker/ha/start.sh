#!/bin/sh
# Begins on a database machine: `database` (Patroni and PostgreSQL), `archive` (a backup each night, from the leader), or
# `ctl` with a command of patronictl (list, switchover, edit-config).
# The passwords come from files; NODE_ADDRESS is where the other machines reach this one.
set -eu
secret() { cat "/run/secrets/$1"; }
PGBACKREST_REPO1_CIPHER_PASS=$(secret archive_key)
export PGBACKREST_REPO1_CIPHER_PASS PGBACKREST_CONFIG=/etc/shouwang/pgbackrest.conf

# A whole backup on Sundays, what has changed since on other days; of all machines the leader alone answers 200 there.
archive() {
    curl --fail --silent --output /dev/null --cacert /run/secrets/authority https://database:8008/leader || return 0
    kind=incr
    [ "$(date -u +%u)" = 7 ] && kind=full
    pgbackrest --stanza=shouwang stanza-create && pgbackrest --stanza=shouwang --type=$kind backup ||
        echo "备份没有做成，见上面的原因；明天这个时候再做。" >&2
}
if [ "$1" = archive ]; then
    trap 'exit 0' TERM INT
    while true; do # at the start too: what happens is archived only once there is a place for it
        archive
        sleep $((($(date -u -d 18:30 +%s) - $(date -u +%s) + 86400) % 86400 + 1)) &
        wait $!
    done
fi

DATABASE_PASSWORD=$(secret database_password)
PATRONI_SUPERUSER_PASSWORD=$(secret superuser_password)
PATRONI_REPLICATION_PASSWORD=$(secret replication_password)
PATRONI_RESTAPI_PASSWORD=$PATRONI_SUPERUSER_PASSWORD
bin=$(dirname "$(find /usr/lib/postgresql -name initdb | sort | tail -n 1)")
export DATABASE_PASSWORD PATRONI_SUPERUSER_PASSWORD PATRONI_REPLICATION_PASSWORD PATRONI_RESTAPI_PASSWORD
export PATRONI_SUPERUSER_USERNAME=postgres PATRONI_REPLICATION_USERNAME=replicator PATRONI_RESTAPI_USERNAME=patroni
export PATRONI_POSTGRESQL_BIN_DIR="$bin" PATRONI_POSTGRESQL_DATA_DIR=/var/lib/postgresql/data/cluster
export PATRONI_POSTGRESQL_LISTEN=0.0.0.0:5432 PATRONI_POSTGRESQL_CONNECT_ADDRESS="$NODE_ADDRESS:5432"
export PATRONI_RESTAPI_LISTEN=0.0.0.0:8008 PATRONI_RESTAPI_CONNECT_ADDRESS="$NODE_ADDRESS:8008"
if [ "$1" = ctl ]; then
    shift
    exec patronictl -c /etc/shouwang/patroni.yaml "$@"
fi
exec patroni /etc/shouwang/patroni.yaml
