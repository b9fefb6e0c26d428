#!/usr/bin/env bash
# Runs a command with a local stand-in for AWS at its side, found in TEST_AWS_ENDPOINT:
#
#   infra/standins/run.sh cargo test --workspace
#
# The stand-in (ministack, from PyPI) is installed once into BATON_TOOLS_CACHE and keeps nothing between runs. It listens on
# loopback, or where STANDIN_HOST says.
set -euo pipefail

version=1.5.33
cache=${BATON_TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baton-tools}
venv=$cache/ministack-$version
host=${STANDIN_HOST:-127.0.0.1}

if [ $# -eq 0 ]; then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi

if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"
    mkdir -p "$cache"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "ministack[full]==$version"
    touch "$venv/ready"
fi

work=$(mktemp -d)
server=
stop() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# Another process may take the port between the question and the start, hence a few attempts.
for _ in 1 2 3; do
    port=$("$venv/bin/python" -c 'import socket, sys; s = socket.socket(); s.bind((sys.argv[1], 0)); print(s.getsockname()[1])' "$host")
    endpoint=http://$host:$port
    (cd "$work" && BIND_HOST=$host GATEWAY_PORT=$port AWS_ENDPOINT_URL=$endpoint exec "$venv/bin/ministack") \
        >"$work/log" 2>&1 &
    server=$!
    for _ in $(seq 100); do
        if curl --silent --fail --output /dev/null "$endpoint/_ministack/health"; then
            break 2
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
done

if [ -z "$server" ]; then
    echo "the stand-in did not start:" >&2
    tail -n 20 "$work/log" >&2
    exit 1
fi

TEST_AWS_ENDPOINT=$endpoint "$@"
