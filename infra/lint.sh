#!/usr/bin/env bash
# Checks the deployment template and its settings, offline and without an account:
#
#   infra/lint.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/tools.sh
baton_tools

cfn-lint template.yaml
# Any region does: nothing is asked of it.
AWS_DEFAULT_REGION=us-east-1 sam validate --lint --template template.yaml
for environment in staging production; do
    AWS_DEFAULT_REGION=us-east-1 sam validate --config-file infra/samconfig.toml --config-env "$environment" \
        --template template.yaml >/dev/null
done
# Offline: neither its own rules nor anything else is fetched. What it is to let pass, .checkov.yaml names and explains.
baton_checkov
checkov --config-file .checkov.yaml --file template.yaml --skip-download --quiet --compact
echo "the template is clean"
# What `sam local` would serve.
AWS_DEFAULT_REGION=us-east-1 python3 infra/sam_local.py check
