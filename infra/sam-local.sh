#!/usr/bin/env bash
# The functions as containers, as Lambda runs them, over a stand-in for AWS that is gone afterwards. Needs docker:
#
#   infra/sam-local.sh                              the API on http://127.0.0.1:3000
#   infra/sam-local.sh invoke TokenUsage            one event, events/token-usage.json, to one function
#   infra/sam-local.sh invoke Tick events/tick.json
#
# Both make an organization first. The API's key is printed; an event gets it in place of its placeholder.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-start-api} function=${2:-} event=${3:-}
case $what-$# in
start-api-0 | start-api-1 | invoke-2 | invoke-3) ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

. infra/tools.sh
baton_tools
if [ -z "${TEST_AWS_ENDPOINT:-}" ]; then
    if ! docker info >/dev/null 2>&1; then
        echo "docker does not answer: is it installed, and does it run?" >&2
        exit 2
    fi
    # Containers reach the stand-in from outside of loopback. Docker Desktop brings them there by itself.
    case $(uname -s) in
    Linux) STANDIN_HOST=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}') ;;
    *) STANDIN_HOST=127.0.0.1 ;;
    esac
    export STANDIN_HOST
    exec infra/standins/run.sh "$PWD/infra/sam-local.sh" "$@"
fi

case $(uname -m) in
aarch64 | arm64) ARCHITECTURE=arm64 ;;
*) ARCHITECTURE=x86_64 ;;
esac
packages=()
if [ "$what" = invoke ]; then
    package=$(sed -n "/^  $function:\$/,/CodeUri/s|.*CodeUri: functions/||p" template.yaml)
    if [ -z "$package" ]; then
        echo "template.yaml has no function $function" >&2
        exit 2
    fi
    event=${event:-events/$package.json}
    packages=(--package "$package")
else
    for package in $(baton_functions); do
        packages+=(--package "$package")
    done
fi
# Not the profile that is deployed: this one is compiled in a tenth of the time.
cargo lambda build --release --locked "--${ARCHITECTURE/_/-}" "${packages[@]}"
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stack=$(python3 infra/standins/stack.py "$TEST_AWS_ENDPOINT")
eval "$stack"
made=$(cargo run --quiet --features aws -- org create Local --admin-email admin@baton.localhost)
key=$(grep -o 'btn_live_[A-Za-z0-9_]*' <<<"$made" | head -n 1)

here=host.docker.internal
AWS_ENDPOINT_URL=${TEST_AWS_ENDPOINT/${STANDIN_HOST:-127.0.0.1}/$here} ARCHITECTURE=$ARCHITECTURE BOOTSTRAPS=$target/lambda \
    BATON_PUBLIC_URL=http://127.0.0.1:3000 python3 infra/sam_local.py write "$work/template.json"
same=(--template "$work/template.json" --add-host "$here:host-gateway" --region "$AWS_REGION")
if [ "$what" = invoke ]; then
    sed "s/REPLACE-WITH-AN-API-KEY/$key/" "$event" >"$work/event.json"
    sam local invoke "$function" "${same[@]}" --event "$work/event.json"
else
    echo "$made"
    sam local start-api "${same[@]}" --port 3000 --warm-containers LAZY
fi
