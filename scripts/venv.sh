#!/bin/sh
# Makes .venv and installs the course into it.   usage (by the Makefile, from the root): sh scripts/venv.sh EXTRA STAMP...
#
# EXTRA is one of pyproject.toml's extras. The STAMPs are touched when all went well. .venv/.made-in names the folder that
# .venv was made in: the scripts in .venv/bin hold that path, so a copy that was moved makes its .venv anew.
# PYTHON=... chooses the interpreter. pip's own variables work as always: PIP_EXTRA_INDEX_URL, for example, can name the
# index with PyTorch's CPU builds, which spares Linux some GB of CUDA libraries.
set -eu
extra=$1
shift
needed_mb=2000 # measured: 1.7 GB with PyTorch's CPU build

say() { printf '%s\n' "$*" >&2; }
fail() {
    say ""
    for line in "$@"; do say "  $line"; done
    say ""
    exit 1
}

# The user's python3 first: a named one, such as pyenv's python3.13, can be there and yet refuse to start.
# Prints the base interpreter's path: python3 itself may be the one in .venv, which is about to be removed.
find_python() {
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
        [ -n "$candidate" ] || continue
        "$candidate" -c 'import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys._base_executable)' \
            2>/dev/null && return
    done
}

python=$(find_python) || true
if [ -z "$python" ]; then
    fail "The course needs Python 3.11 or newer, and there is none on the PATH." \
        "Found: $(python3 --version 2>/dev/null || echo 'no python3 at all')." \
        "Install one (python.org, or your system's package manager) and run the same command again," \
        "or name it: make lab PYTHON=/path/to/python3.12"
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    fail "$("$python" --version) has no venv module, which makes the course's own environment." \
        "On Debian and Ubuntu: sudo apt install python3-venv. Then run the same command again."
fi

# pip may have been stopped while it replaced itself: `help install` needs all that an install does.
if [ "$(cat .venv/.made-in 2>/dev/null)" != "$(pwd)" ] || ! .venv/bin/python -m pip help install >/dev/null 2>&1; then
    free_mb=$(df -Pm . | awk 'NR == 2 { print $4 }')
    if [ "$free_mb" -lt "$needed_mb" ]; then
        fail "Not enough disk space: the course's environment takes about $needed_mb MB and $free_mb MB are free here." \
            "Make room and run the same command again."
    fi
    say "[1/2] Making .venv with $("$python" --version) ..."
    rm -rf .venv
    "$python" -m venv .venv || fail "Could not make .venv in $(pwd): can you write there, and is there room on the disk?"
    pwd >.venv/.made-in
else
    say "[1/2] .venv is there."
fi

say "[2/2] Installing what the course needs (a few minutes the first time) ..."
rm -f .venv/pip.log
# The pinned pip first: that of an older Python takes twice the time to choose versions.
# The build uses the pinned setuptools of .venv: pip's own isolated one would be another download, of any version.
# Setuptools' general words of care about editable installs, which a new pip passes on, would alarm and help nobody.
pip_install() {
    PYTHONWARNINGS='ignore:Editable installation' .venv/bin/python -m pip install --disable-pip-version-check \
        --log .venv/pip.log --constraint constraints.txt "$@"
}
if ! pip_install --quiet pip setuptools || ! pip_install --no-compile --no-build-isolation --editable ".[$extra]"; then
    if grep -qE 'Errno 28|No space left' .venv/pip.log; then
        fail "The disk is full. Make room and run the same command again: it goes on where it stopped."
    elif grep -qE 'NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable|name resolution' \
        .venv/pip.log; then
        fail "No network: pip could not reach the package index." \
            "Check the connection (or the proxy) and run the same command again: it goes on where it stopped."
    fi
    fail "pip could not install the course; its last words are above, all of them in .venv/pip.log."
fi
# Bytecode by all cores: pip would use one. The jail's kernels can write none. The packages' own tests are left out,
# and a file that some package holds for another Python is no failure.
.venv/bin/python -m compileall -q -j 0 -x '/tests?/' .venv/lib >/dev/null 2>&1 || true
touch "$@"
say "Ready."
