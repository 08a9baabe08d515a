#!/bin/sh
# 查依赖的安全公告：有已知漏洞的不通过；连不到公告库的说明白，不算查过。用法：docker/audit.sh
set -u
cd "$(dirname "$0")/.."
failed=0 asked=0
say() { printf '%s\n' "$*"; }

judge() { # what was asked, its exit code, the file with its answer, what it says where the advisories are out of reach
    if [ "$2" -eq 0 ]; then
        say "$1：没有已知的漏洞。"
        asked=$((asked + 1))
    elif grep -qE "$4" "$3"; then
        say "$1：连不到公告库，没有查。"
    else
        cat "$3"
        failed=1
    fi
}

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
if command -v pip-audit >/dev/null 2>&1; then
    for lock in requirements.txt requirements-test.txt requirements-node.txt; do
        pip-audit --require-hashes --disable-pip -r "$lock" >"$answer" 2>&1
        judge "$lock" $? "$answer" 'ConnectionError|ServiceError|Max retries|HTTPError'
    done
else
    say "requirements*.txt：没有 pip-audit，没有查（pip install pip-audit）。"
fi
for lock in . tests/browser; do
    (cd "$lock" && npm audit --package-lock-only) >"$answer" 2>&1
    judge "$lock/package-lock.json" $? "$answer" 'audit endpoint returned an error|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|not found'
done
[ "$asked" -gt 0 ] || say "一个也没有查到：按 docs/dependencies.md 逐个查，$(grep -o '安全公告：.*' docs/dependencies.md | tail -1)"
exit $failed
