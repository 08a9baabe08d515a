#!/bin/sh
# A backup each night, and old ones away: in the container `backup` of compose.yaml, and by systemd's timer (--now).
#
#   nightly.sh FOLDER KEY_FILE              waits for SHOUWANG_BACKUP_AT (default 18:30 UTC, 02:30 in China), each day
#   nightly.sh --now FOLDER KEY_FILE        one backup, now
#   nightly.sh --recent FOLDER              whether the last one is younger than 25 hours
#
# What is older than SHOUWANG_BACKUP_DAYS (30) goes away only when a
# new one has been made, so that the last good ones stay however long something is wrong.
set -eu
umask 077

once() {
    shouwang backup "$1/shouwang-$(date -u +%Y%m%dT%H%M%SZ).backup" --key-file "$2" || return 1
    find "$1" -maxdepth 1 -name 'shouwang-*.backup*' -mtime "+${SHOUWANG_BACKUP_DAYS:-30}" -delete
}

case $1 in
--now) once "$2" "$3" ;;
--recent) [ -n "$(find "$2" -maxdepth 1 -name 'shouwang-*.backup' -mmin -1500)" ] ;;
*)
    trap 'exit 0' TERM INT
    while true; do
        at=$(date -u -d "${SHOUWANG_BACKUP_AT:-18:30}" +%s)
        left=$(((at - $(date -u +%s) + 86400) % 86400 + 1))
        sleep "$left" &
        wait $!
        once "$1" "$2" || echo "备份没有做成，见上面的原因；明天这个时候再做。" >&2
    done
    ;;
esac
