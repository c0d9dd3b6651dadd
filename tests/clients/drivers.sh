#!/usr/bin/env bash
# Asks a sandbox through Python's drivers: psycopg 2 and 3, pg8000, asyncpg, SQLAlchemy.
#
#   tests/clients/drivers.sh      installs them into $DRIVERS_VENV (default: a temporary folder); the sandbox is
#                                 $MZFLOW or target/debug/mzflow
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/background.sh"
venv=${DRIVERS_VENV:-$work/venv}
[ -x "$venv/bin/python" ] || {
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet psycopg2-binary 'psycopg[binary]' pg8000 asyncpg SQLAlchemy
}
sandbox
"$venv/bin/python" "$here/drivers.py" "${address%:*}" "${address##*:}"
