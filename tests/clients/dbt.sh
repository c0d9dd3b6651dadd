#!/usr/bin/env bash
# Runs the blue/green cycle of dbt-materialize on the project beside this file, twice, and looks at what came of it.
#
#   tests/clients/dbt.sh                               against a sandbox of its own
#   tests/clients/dbt.sh --url postgres://USER@HOST:PORT/DATABASE   against something else; it drops what it made
#   tests/clients/dbt.sh --record FILE                 writes down what the first cycle asks (see record.py)
#
# The `dbt` on the PATH is used if it has the adapter; otherwise one is installed into $DBT_VENV (default: a
# temporary folder). The sandbox is $MZFLOW or target/debug/mzflow. $SIZE is the size of the cluster.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
url='' record=''
while [ $# -gt 0 ]; do
  case $1 in
    --url) url=$2 ;;
    --record) record=$2 ;;
    *) echo "unknown argument: $1" >&2; exit 2 ;;
  esac
  shift 2
done

. "$here/background.sh"

if dbt --version 2>/dev/null | grep -q materialize; then
  bin=$(dirname "$(command -v dbt)")
else
  venv=${DBT_VENV:-$work/venv}
  [ -x "$venv/bin/dbt" ] || {
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet dbt-materialize 'dbt-core<1.11' 'dbt-adapters<2'
  }
  bin=$venv/bin
fi
python=$bin/python
[ -x "$python" ] || python=python3

if [ -z "$url" ]; then
  sandbox
  url="postgres://materialize@$address/materialize"
fi
eval "$("$python" - "$url" <<'PY'
import shlex, sys, urllib.parse as p
u = p.urlsplit(sys.argv[1])
for name, value in [("HOST", u.hostname), ("PORT", u.port or 6875), ("USER", u.username or "materialize"),
                    ("PASSWORD", u.password or ""), ("DATABASE", u.path.lstrip("/") or "materialize")]:
    print(f"export SHOP_{name}={shlex.quote(str(value))}")
PY
)"
if [ -n "$record" ]; then
  listen "$python" "$here/record.py" "$SHOP_HOST:$SHOP_PORT" "$record"
  export SHOP_HOST=${address%:*} SHOP_PORT=${address##*:}
fi

# Asks the server and prints the rows, `|` between values and one line a row.
ask() {
  "$python" - "$1" <<'PY'
import os, psycopg2, sys
c = psycopg2.connect(host=os.environ["SHOP_HOST"], port=os.environ["SHOP_PORT"], user=os.environ["SHOP_USER"],
                     password=os.environ["SHOP_PASSWORD"], dbname=os.environ["SHOP_DATABASE"])
c.autocommit = True
cursor = c.cursor()
cursor.execute(sys.argv[1])
for row in cursor.fetchall() if cursor.description else []:
    print("|".join(str(value) for value in row))
PY
}

expect() {
  local got
  got=$(ask "$1")
  [ "$got" = "$2" ] || { printf 'asked:    %s\nexpected: %s\ngot:      %s\n' "$1" "$2" "$got" >&2; exit 1; }
}

export DBT_PROFILES_DIR=$work/dbt DBT_SEND_ANONYMOUS_USAGE_STATS=0
cp -R "$here/dbt" "$work/dbt"
cd "$work/dbt"
dbt() {
  echo "+ dbt $*"
  "$bin/dbt" --no-version-check --no-use-colors "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
}
refused() {
  local why=$1
  shift
  echo "+ dbt $* (refused)"
  if "$bin/dbt" --no-version-check --no-use-colors "$@" >"$work/log" 2>&1 || ! grep -q "$why" "$work/log"; then
    cat "$work/log" >&2
    exit 1
  fi
}
ids="SELECT o.name, o.id FROM mz_objects o JOIN mz_schemas s ON s.id = o.schema_id WHERE s.name = 'shop' ORDER BY o.id"
deployments="SELECT (SELECT count(*) FROM mz_schemas WHERE name LIKE 'shop_dbt%') + (SELECT count(*) FROM mz_clusters WHERE name LIKE 'shop_dbt%')"

ask "CREATE CLUSTER shop (SIZE = '${SIZE:-25cc}')"
ask "CREATE SCHEMA shop_raw"
ask "CREATE TABLE shop_raw.items (id int, customer text, price numeric)"
ask "INSERT INTO shop_raw.items VALUES (1, 'ann', 10.5), (2, 'bob', 20), (3, 'ann', 7.25), (4, 'eve', 0)"
dbt run
expect "SELECT customer, total FROM shop.totals ORDER BY customer" $'ann|17.75\nbob|20'
first=$(ask "$ids")

dbt run-operation deploy_init
dbt run --vars '{deploy: true}'
dbt run-operation deploy_await --args '{poll_interval: 1}'
dbt run-operation deploy_promote --args '{dry_run: true}'
expect "$ids" "$first"
dbt run-operation deploy_promote
expect "SELECT customer, total FROM shop.totals ORDER BY customer" $'ann|17.75\nbob|20'
expect "SELECT count(*) FROM mz_internal.mz_comments c JOIN mz_schemas s ON s.id = c.id AND c.object_type = 'schema' WHERE s.name = 'shop'" 1
[ "$(ask "$ids")" != "$first" ] || { echo "nothing was promoted" >&2; exit 1; }
dbt run-operation deploy_cleanup
expect "$deployments" 0

# A second time, with another model; the recording ends here.
if [ -n "$record" ]; then
  stop_recording
  echo "recorded in $record"
  exit
fi
sed -i.bak 's/sum(price) AS total/sum(price) AS total, count(*) AS orders/' models/totals.sql
rm models/totals.sql.bak
dbt run-operation deploy_init
dbt run --vars '{deploy: true}'
refused 'already exists and is not empty' run-operation deploy_init
dbt run-operation deploy_init --args '{ignore_existing_objects: true}'
dbt run-operation deploy_promote --args '{wait: true, poll_interval: 1}'
dbt run-operation deploy_cleanup
expect "SELECT customer, total, orders FROM shop.totals ORDER BY customer" $'ann|17.75|2\nbob|20|1'
expect "$deployments" 0
dbt test
dbt docs generate
ask "DROP SCHEMA shop CASCADE"
ask "DROP SCHEMA shop_raw CASCADE"
ask "DROP CLUSTER shop CASCADE"
echo "the cycle ran twice"
