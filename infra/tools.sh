# Sourced by the scripts beside it: puts cargo-lambda, zig, sam and cfn-lint on PATH, in the versions named here, from a
# virtual environment that is made once. BATON_TOOLS_CACHE says where.

baton_tools() {
    local cargo_lambda=1.9.2 zig=0.17.1 sam=1.170.0 cfn_lint=1.58.0
    local cache=${BATON_TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baton-tools}
    local venv=$cache/lambda-$cargo_lambda-$sam-$cfn_lint
    if [ ! -e "$venv/ready" ]; then
        echo "installing cargo-lambda, zig, sam and cfn-lint into $venv" >&2
        rm -rf "$venv"
        mkdir -p "$cache"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check \
            "cargo-lambda==$cargo_lambda" "ziglang==$zig" "aws-sam-cli==$sam" "cfn-lint==$cfn_lint"
        touch "$venv/ready"
    fi
    export PATH=$venv/bin:$PATH SAM_CLI_TELEMETRY=0
}

# Puts checkov on PATH. It has an environment of its own, because it pins versions that the others do not take.
baton_checkov() {
    local checkov=3.3.30
    local venv=${BATON_TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baton-tools}/checkov-$checkov
    if [ ! -e "$venv/ready" ]; then
        echo "installing checkov into $venv" >&2
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "checkov==$checkov"
        touch "$venv/ready"
    fi
    export PATH=$venv/bin:$PATH
}

# Puts a tool that cargo installs on PATH: `baton_cargo_tool crate version`.
baton_cargo_tool() {
    local root=${BATON_TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baton-tools}/cargo
    mkdir -p "$root"
    if ! cargo install --root "$root" --list | grep -q "^$1 v$2:"; then
        echo "installing $1 into $root" >&2
        cargo install --root "$root" --locked --quiet "$1@$2"
    fi
    export PATH=$root/bin:$PATH
}

# The functions there are, one a line: a directory under functions/ is one.
baton_functions() {
    local manifest
    for manifest in functions/*/Cargo.toml; do
        basename "$(dirname "$manifest")"
    done
}

# Where cargo puts what it builds.
baton_target() {
    cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'
}

# Every program of the workspace in the debug profile, `baton` with what an operator needs, from what `cargo test --workspace`
# compiled: a test among the targets lets cargo choose the same features for everything that both link.
baton_programs() {
    cargo build --quiet --workspace --bins --test memory --features baton/aws
}

# Puts cargo-mutants on PATH.
baton_mutants() {
    local cargo_mutants=27.1.0
    local root=${BATON_TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baton-tools}/cargo
    if ! cargo install --root "$root" --list 2>/dev/null | grep -q "^cargo-mutants v$cargo_mutants:"; then
        echo "installing cargo-mutants into $root" >&2
        cargo install --root "$root" --locked --quiet "cargo-mutants@$cargo_mutants"
    fi
    export PATH=$root/bin:$PATH
}

# Installs what counts instructions and system calls, where it is missing and that is possible: names of Debian packages
# that bring a program of the same name.
baton_counters() {
    local missing=()
    for name in "$@"; do command -v "$name" >/dev/null || missing+=("$name"); done
    [ ${#missing[@]} = 0 ] && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]}" >&2
        apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
            { apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
            echo "they cannot be installed here" >&2
    fi
}
