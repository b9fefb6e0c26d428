#!/usr/bin/env bash
# Sends an HTTP event and a batch of messages to functions as infra/build.sh built them, which the emulator of cargo-lambda
# stands before, over a local stand-in for AWS, and checks what comes back:
#
#   infra/build.sh && infra/watch.sh
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${TEST_AWS_ENDPOINT:-}" ]; then
    exec infra/standins/run.sh "$PWD/infra/watch.sh"
fi
. infra/tools.sh
baton_tools
stack=$(python3 infra/standins/stack.py "$TEST_AWS_ENDPOINT")
eval "$stack"

work=$(mktemp -d)
built=$(baton_target)/lambda
server=
bootstrap=
stop() {
    for process in $bootstrap $server; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    server= bootstrap=
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

fail() {
    echo "$1" >&2
    tail -n 30 "$work/log" >&2
    exit 1
}

# Starts a function; its port is in $port.
watch() {
    stop
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cargo lambda watch --only-lambda-apis --ignore-changes --invoke-address 127.0.0.1 --invoke-port "$port" \
        >"$work/log" 2>&1 &
    server=$!
    for _ in $(seq 300); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            AWS_LAMBDA_RUNTIME_API="http://127.0.0.1:$port/.rt/$1" AWS_LAMBDA_FUNCTION_NAME="$1" AWS_LAMBDA_FUNCTION_VERSION=1 \
                AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256 "$built/$1/bootstrap" >>"$work/log" 2>&1 &
            bootstrap=$!
            return
        fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    fail "the emulator did not start"
}

invoke() {
    cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port "$port" --data-file "events/$1.json" "$1" 2>>"$work/log" ||
        fail "$1 did not answer its event"
}

watch meta
status=$(curl --silent --show-error --max-time 60 --output "$work/health" --write-out '%{http_code}' \
    "http://127.0.0.1:$port/lambda-url/meta/health") || fail "meta did not answer over HTTP"
[ "$status" = 200 ] || fail "GET /health: $status $(cat "$work/health")"
status=$(invoke meta | python3 -c 'import json, sys; print(json.load(sys.stdin)["statusCode"])')
[ "$status" = 200 ] || fail "events/meta.json: $status"
echo "meta answered over HTTP and its event: 200"

watch poll-executions
answer=$(invoke poll-executions | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)))')
expected='{"batchItemFailures": [{"itemIdentifier": "00000000-0000-4000-8000-000000000003"}]}'
[ "$answer" = "$expected" ] || fail "events/poll-executions.json: $answer"
echo "poll-executions answered its batch: the message that is no task comes again, the others do not"
