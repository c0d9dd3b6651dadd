#!/usr/bin/env bash
# Runs psql's own commands and its ways of asking against a sandbox, and looks at what it shows.
#
#   tests/clients/psql.sh                  needs psql on the PATH; the sandbox is $MZFLOW or target/debug/mzflow
#   tests/clients/psql.sh --record FILE    writes down what the commands ask (see record.py)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/background.sh"
sandbox
server=$address
if [ "${1:-}" = --record ]; then
  listen python3 "$here/record.py" "$server" "$2"
fi
export PGHOST=${address%:*} PGPORT=${address##*:} PGUSER=materialize PGDATABASE=materialize PSQLRC=/dev/null

psql -q <<'SQL'
CREATE TABLE t (id int NOT NULL, name text DEFAULT 'x', price numeric(10, 2), tags text[], m map[text => int]);
CREATE VIEW v AS SELECT id, name FROM t WHERE id > 3;
CREATE MATERIALIZED VIEW mv IN CLUSTER quickstart AS SELECT name, count(*) AS n FROM t GROUP BY name;
CREATE INDEX mv_idx IN CLUSTER quickstart ON mv (name, n + 1);
CREATE SCHEMA other;
CREATE ROLE joe;
GRANT joe TO materialize;
COMMENT ON TABLE t IS 'told';
INSERT INTO t VALUES (1, 'a', 1.5, ARRAY['x y'], NULL), (5, NULL, NULL, NULL, NULL);
SQL

# Each is answered, with something that has these words in it.
shows() {
  echo "+ $1"
  psql -c "$1" >"$work/shown" 2>&1 || { cat "$work/shown" >&2; exit 1; }
  grep -qF -- "$2" "$work/shown" || { echo "nothing of \`$2\` in:" >&2; cat "$work/shown" >&2; exit 1; }
}
# Each is refused, with these words.
refused() {
  echo "+ $1 (refused)"
  if psql -c "$1" >"$work/shown" 2>&1; then cat "$work/shown" >&2; exit 1; fi
  grep -qF -- "$2" "$work/shown" || { cat "$work/shown" >&2; exit 1; }
}
shows '\l' ' materialize | mz_system |'
shows '\dn' ' other '
shows '\dn+' 'Access privileges'
shows '\d' ' public     | mv '
shows '\dt' ' public     | t '
shows '\dv' ' public     | v '
shows '\dm' ' public | mv '
shows '\di' ' public | mv_idx | index | materialize | mv'
shows '\du' '| {joe}'
shows '\d t' " name   | text          |           |          | 'x'"
shows '\d v' 'View "public.v"'
shows '\d mv' '"mv_idx" arrangement (name,n + 1)'
refused '\d nothing' 'Did not find any relation'
shows '\sv v' 'WHERE "id" > 3'
shows '\dT' ' mz_timestamp '
shows '\db' 'pg_default'
shows '\dx' '(0 rows)'
shows '\conninfo' 'database "materialize" as user "materialize"'
# The server has no such columns and functions either.
refused '\d+ t' 'column "a.attstorage" does not exist'
refused '\dt+' 'function "pg_table_size" does not exist'
refused '\dp' 'column "c.relacl" does not exist'
refused '\df' 'function "pg_get_function_result" does not exist'
if [ "${1:-}" = --record ]; then
  stop_recording
  echo "recorded in $2"
  exit
fi

same() {
  [ "$1" = "$2" ] || { printf 'expected: %s\ngot:      %s\n' "$2" "$1" >&2; exit 1; }
}
echo "+ ways of asking"
same "$(psql -At -c 'SELECT 1; SELECT 2' -c 'SELECT 3')" $'1\n2\n3'
same "$(psql --csv -c "SELECT id, tags, 'a,b' AS c FROM t ORDER BY id")" $'id,tags,c\n1,"{""x y""}","a,b"\n5,,"a,b"'
same "$(printf '%s\n' "SELECT 5 AS five \\gset" "SELECT :five + 1;" | psql -At)" 6
same "$(printf '%s\n' "SELECT 1 AS a, 'x' AS b \\gdesc" | psql -At)" $'a|integer\nb|text'
same "$(printf '%s\n' "SELECT 'SELECT 7' \\gexec" | psql -At)" 7
same "$(printf '%s\n' '\x' 'SELECT 1 AS a;' | psql -q)" $'-[ RECORD 1 ]\na | 1'
same "$(psql -At -c '\copy (SELECT id, name FROM t ORDER BY id) to stdout with (format csv)')" $'1,a\n5,'
printf '7,seven\n' | psql -q -c '\copy t (id, name) from stdin with (format csv)'
same "$(psql -At -c 'SELECT name FROM t WHERE id = 7')" seven
same "$(psql -At -c '\c - joe' -c 'SELECT current_user')" $'You are now connected to database "materialize" as user "joe".\njoe'
same "$(PGOPTIONS='-c cluster=c1 -c search_path=other' psql -At -c 'SHOW cluster' -c 'SHOW search_path')" $'c1\nother'

echo "+ Ctrl-C"
printf '%s\n' "BEGIN; DECLARE c CURSOR FOR SUBSCRIBE t;" "FETCH ALL c;" "FETCH ALL c WITH (timeout = '100s');" >"$work/waits.sql"
psql -q -f "$work/waits.sql" >"$work/shown" 2>&1 &
waiting=$!
started+=("$waiting")
until grep -q rows "$work/shown"; do sleep 0.1; done
sleep 1
kill -INT "$waiting"
wait "$waiting" || true
grep -q 'canceling statement due to user request' "$work/shown" || { cat "$work/shown" >&2; exit 1; }
echo "psql is answered"
