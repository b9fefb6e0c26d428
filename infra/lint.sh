#!/usr/bin/env bash
# Checks the deployment template and its settings, offline and without an account:
#
#   infra/lint.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/tools.sh
baton_tools

cfn-lint template.yaml
cfn-lint --regions us-east-1 -- infra/edge/waf.yaml
# Any region does: nothing is asked of it.
AWS_DEFAULT_REGION=us-east-1 sam validate --lint --template template.yaml
for environment in staging production; do
    AWS_DEFAULT_REGION=us-east-1 sam validate --config-file infra/samconfig.toml --config-env "$environment" \
        --template template.yaml >/dev/null
done
# What `sam build` makes of the release profile must be the profile `deploy`.
python3 - <<'PYTHON'
import pathlib, tomllib

deploy = tomllib.loads(pathlib.Path("Cargo.toml").read_text())["profile"]["deploy"]
same = [f'profile.release.{key}="{deploy[key]}"' for key in ("opt-level", "lto")]
for manifest in sorted(pathlib.Path("functions").glob("*/Cargo.toml")):
    settings = tomllib.loads(manifest.read_text())["package"]["metadata"]["lambda"]["build"]["config"]
    if settings != same:
        raise SystemExit(f"{manifest}: config = {settings}, and the profile deploy is {same}")
PYTHON
# What `sam local` would serve.
AWS_DEFAULT_REGION=us-east-1 python3 infra/sam_local.py check
# Offline: neither its own rules nor anything else is fetched. What it is to let pass, .checkov.yaml names and explains.
baton_checkov
checkov --config-file .checkov.yaml --file template.yaml infra/edge/waf.yaml --skip-download --quiet --compact
echo "the template is clean"
