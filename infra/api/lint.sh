#!/usr/bin/env bash
# Lints docs/openapi/*.json with Spectral (OpenAPI and OWASP rules) and Redocly (strict). The linters come from npm in the
# versions of package-lock.json, into the tools cache; BATON_TOOLS_CACHE says where.
set -euo pipefail
cd "$(dirname "$0")/../.."

locked=$(sha256sum infra/api/package-lock.json | cut -c1-12)
home=${BATON_TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baton-tools}/api-lint-$locked
if [ ! -e "$home/ready" ]; then
    echo "installing Spectral and Redocly into $home" >&2
    rm -rf "$home"
    mkdir -p "$home"
    cp infra/api/package.json infra/api/package-lock.json "$home"
    npm ci --prefix "$home" --ignore-scripts --no-audit --no-fund --loglevel=error
    touch "$home/ready"
fi
# Beside its node_modules, so that the rule sets are found.
cp infra/api/spectral.yaml infra/api/redocly.yaml "$home"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

"$home/node_modules/.bin/spectral" lint --ruleset "$home/spectral.yaml" --fail-severity warn docs/openapi/*.json
"$home/node_modules/.bin/redocly" lint --config "$home/redocly.yaml" --max-problems 50 docs/openapi/*.json
