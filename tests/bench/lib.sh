# shellcheck shell=bash
# What the measurements share, on top of tests/integration/lib.sh.  Each script prints
# one line a figure: what is measured, both sides, their ratio and what is wanted of it.
#
# The figures are ratios of things measured in the same run.  A machine that does
# something else meanwhile shifts them: repeat, or take more RUNS.

# shellcheck source=tests/integration/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../integration/lib.sh"

# ext4 passes over recently deleted files one by one, and the run before this one has
# deleted many.  citusctl keeps out of their way; so does what it is compared with.
chattr +T "$TMP" 2>/dev/null

smallest() { sort -n | head -n 1; }
middle() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# calc EXPRESSION: awk's arithmetic.
calc() { awk "BEGIN { print $1 }"; }

# seconds COMMAND...: how long it takes; its output is thrown away.
seconds()
{
	local from=$EPOCHREALTIME

	"$@" >/dev/null 2>&1 || echo "bench: failed: $*" >&2
	calc "$EPOCHREALTIME - $from"
}

# figure NAME WANTED-OPERATOR WANTED RATIO TEXT: the line of one figure.
figure()
{
	awk -v name="$1" -v op="$2" -v wanted="$3" -v ratio="$4" -v text="$5" 'BEGIN {
		met = op == "<=" ? ratio <= wanted : ratio >= wanted
		printf "%-30s %6.2f  (wanted %s %s: %s)  %s\n", name, ratio, op, wanted, met ? "met" : "MISSED", text
	}'
}

# not_measured NAME REASON
not_measured() { printf '%-30s not measured: %s\n' "$1" "$2"; }

as_server_user()
{
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid postgres --regid postgres --init-groups -- "$@"
	else
		"$@"
	fi
}

# demo_cluster ENGINE NAME: a cluster with the demo's tables in public and nothing
# in them; the description is $TMP/NAME.json.
demo_cluster()
{
	cp "$REPO/sql/demo/schema.sql" "$TMP/schema.sql"
	jq --arg engine "$1" --arg name "$2" \
		'. + {name: $name, deploy: "local", engine: $engine, schema: ["schema.sql"]}' \
		"$REPO/sql/demo/description.json" >"$TMP/$2.json" &&
		"$CITUSCTL" -q -c "$TMP/$2.json" init >/dev/null
}

# app_psql NAME [PSQL-OPTION...]: as the application's role at its coordinator.
app_psql()
{
	local dir=$CITUSCTL_HOME/$1
	shift
	PGPASSWORD=$(cat "$dir/password") PGOPTIONS='-c client_min_messages=warning' psql -X -q -A -t -v ON_ERROR_STOP=1 \
		-h 127.0.0.1 -p "$(jq -r .nodes.coordinator.port "$dir/state.json")" \
		-U "$(basename "$dir")" -d "$(basename "$dir")" "$@"
}

destroy() { "$CITUSCTL" -q -y -c "$TMP/$1.json" destroy >/dev/null; }
