#!/usr/bin/env bash
# Feeds lint bad samples and sees each reported, and a good one pass, as TAP.
# The samples are programs and Markdown: their dollars and back quotes stay.
# shellcheck disable=SC2016
set -u
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
count=0
failed=0

verdict()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
	fi
}

# A small house in which all is well.
fresh_tree()
{
	rm -rf "${tree:?}"/* "$tree"/.[!.]*
	mkdir -p "$tree"/citusctl/{cli,demo,ops,run,model,balance,io,util} "$tree"/sql/query "$tree"/templates \
		"$tree"/tests/{unit,tools}
	cp "$repo/Makefile" "$repo/.clang-tidy" "$tree/"
	cp "$repo/tests/tools/packages.sh" "$tree/tests/tools/"
	cp "$repo/citusctl/io/embed.awk" "$repo/citusctl/io/asset.h" "$tree/citusctl/io/"
	put citusctl/util/str.h '#ifndef CITUSCTL_UTIL_STR_H' '#define CITUSCTL_UTIL_STR_H' \
		'int str_length(const char *text);' '#endif'
	put citusctl/util/str.c '#include "util/str.h"' 'int str_length(const char *text)' '{' \
		$'\treturn text[0] != 0; /* not strlen(), nor system("x"), nor exit(1) */' '}'
	put citusctl/ops/names.h '#ifndef CITUSCTL_OPS_NAMES_H' '#define CITUSCTL_OPS_NAMES_H' \
		'extern const char *const ops_names[];' '#endif'
	put citusctl/ops/names.c '#include "ops/names.h"' \
		'const char *const ops_names[] = {"sql/query/one.sql", "templates/"};'
	put sql/query/one.sql 'SELECT 1;'
	put templates/conf.tmpl '# {{name}}'
}

put()
{
	local file=$tree/$1
	shift
	printf '%s\n' "$@" >"$file"
}

# lint STEP: into $said.
lint()
{
	said=$(LINT_ROOT=$tree bash "$here/run.sh" "$1" 2>&1)
}

# reports STEP REGEX NAME: lint fails and says so.
reports()
{
	lint "$1"
	grep -q '^not ok' <<<"$said" && grep -Eq -- "$2" <<<"$said"
	verdict $? "$1: $3"
	grep -Eq -- "$2" <<<"$said" || printf '%s\n' "$said" | sed 's/^/#   /'
	fresh_tree
}

accepts()
{
	lint "$1"
	grep -q '^ok' <<<"$said"
	verdict $? "$1: accepts what is right${2:+: $2}"
	grep -q '^ok' <<<"$said" || printf '%s\n' "$said" | sed 's/^/#   /'
}

have() { command -v "$1" >/dev/null 2>&1; }

fresh_tree
for step in floors words length headers assets text suites places; do
	accepts "$step"
done

# ---- floors: everything above or beside is out of sight -------------------------
while read -r floor wrong; do
	put "citusctl/$floor/x.c" '/* a sample */' "#include \"$wrong/y.h\""
	reports floors "citusctl/$floor/x.c:2: $floor may not include $wrong" "$floor does not see $wrong"
done <<'END'
util io
util model
model io
model balance
balance model
io balance
io run
run ops
ops demo
ops cli
demo cli
END
put citusctl/main.c '#include "io/pg.h"'
reports floors 'main.c:1: main.c may not include io' 'main.c sees cli and util only'
for floor in demo ops run model balance io util; do
	put citusctl/cli/x.c "#include \"$floor/y.h\""
	lint floors
	grep -q '^ok' <<<"$said"
	verdict $? "floors: cli sees $floor"
done
fresh_tree
put citusctl/run/x.c '#  include "host.h"'
reports floors 'x.c:1: include as "floor/file.h"' 'a header without its floor'
put citusctl/run/x.c '#include "../cli/x.h"'
reports floors 'x.c:1: include as "floor/file.h"' 'a way around by ".."'
put citusctl/run/x.c '#include <libpq-fe.h>'
reports floors 'libpq, libssh, libcrypto and hiredis belong to io' 'libpq outside io'
put citusctl/ops/x.h '#include <libssh/libssh.h>'
reports floors 'libpq, libssh, libcrypto and hiredis belong to io' 'libssh outside io'
put citusctl/util/x.c '#include <cjson/cJSON.h>'
reports floors 'cJSON belongs to util/json.c' 'cJSON outside util/json.c'
mkdir "$tree/citusctl/cellar" && put citusctl/cellar/x.c 'int x;'
reports floors '"cellar" is no floor' 'a folder that the plan does not know'

# ---- words ----------------------------------------------------------------------
for word in sprintf strcpy strcat strtok system popen gets atoi alloca; do
	put citusctl/cli/x.c '/* fine: */' "int f(void) { return $word (0); }"
	reports words "citusctl/cli/x.c:2: $word\\(\\)" "$word, even in cli"
done
put citusctl/ops/x.c 'void f(void) { printf("x"); }'
reports words 'printf: only cli prints' 'printf below cli'
put citusctl/ops/x.c 'void f(void) { puts("x"); }'
reports words 'puts: only cli prints' 'puts below cli'
put citusctl/io/x.c 'void f(void) { fputs("x", stdout); }'
reports words 'stdout: only cli prints' 'stdout below cli'
put citusctl/io/x.c 'void f(void)' '{' 'fputs("x", stderr);' 'int a;' 'int b;' 'int c;' 'abort();' '}'
reports words 'x.c:3: stderr: only cli prints' 'stderr below cli'
put citusctl/io/x.c 'void f(void)' '{' 'fputs("x", stderr);' '}'
reports words 'x.c:3: stderr: only cli prints' 'stderr at the end of the last file'
put citusctl/run/x.c 'void f(void) { exit(1); }'
reports words 'exit\(\): only main and cli' 'exit below cli'
put citusctl/run/x.c 'void f(void) { abort(); }'
reports words 'abort\(\) without a word' 'a silent abort'
put citusctl/util/x.c '/* a comment' 'that goes on */ int y; void f(void) { char *s = "\"/*"; system(s); }'
reports words 'x.c:2: system' 'a call behind comments and texts that look like comments'
put citusctl/util/x.c 'void f(void)' '{' 'fputs("out of memory", stderr);' 'abort();' '}'
accepts words 'last words before abort()'
put citusctl/io/x.c "int f(struct s *s) { return s->exit(1) + s->system; } char c = '\"'; /* exit(1) */ // gets(x)"
accepts words 'members, comments, texts'
put citusctl/cli/x.c 'void f(void) { printf("x"); exit(1); }'
accepts words 'cli prints and exits'
fresh_tree

# ---- the rest -------------------------------------------------------------------
yes 'int x;' | head -n 801 >"$tree/citusctl/util/long.h"
reports length 'long.h: 801 lines' 'a file of 801 lines'

put citusctl/util/x.h 'int x;'
reports headers 'x.h: no guard CITUSCTL_UTIL_X_H' 'a header without its guard'
put citusctl/util/x.h '#ifndef CITUSCTL_UTIL_X_H' '#define CITUSCTL_UTIL_X_H' 'size_t x(void);' '#endif'
reports headers "unknown type name .size_t" 'a header that needs another before it'

put sql/query/two.sql 'SELECT 2;'
reports assets 'sql/query/two.sql: no source names it' 'a statement nobody uses'
put citusctl/ops/x.c 'const char *x = "sql/query/three.sql";'
reports assets 'name "sql/query/three.sql", and there is no such file' 'a statement that is not there'
put citusctl/ops/names.c 'const char *const ops_names[] = {"sql/query/", "templates/"};'
reports assets 'sql/query/one.sql: no source names it' 'a statement named by its folder only'
put citusctl/ops/x.c 'const char *x = "sql/none/";'
reports assets 'name "sql/none/"' 'a folder that is not there'

put sql/query/one.sql 'SELECT 1; '
reports text 'one.sql:1: blanks at the end' 'blanks at the end of a line'
printf 'SELECT 1;' >"$tree/sql/query/one.sql"
reports text 'one.sql: does not end with a newline' 'no newline at the end'
: >"$tree/sql/query/one.sql"
reports text 'one.sql: is empty' 'an empty statement'
printf '\xff\n' >"$tree/templates/conf.tmpl"
reports text 'conf.tmpl: is not UTF-8' 'what is not UTF-8'

put tests/unit/test_x.c 'Suite *' 'x_suite(void)' '{'
accepts suites
put tests/unit/test_y.c 'static Suite *y_suite(void)' '{'
reports suites 'test_y.c: no "Suite' 'a suite that cannot be found'

for place in /home/jane/x /Users/jane /root/x /work/x; do
	put citusctl/ops/x.c "const char *x = \"$place\";"
	reports places 'ops/x.c:1:' "a path such as $place"
done
put citusctl/ops/x.c 'const char *x = "/var/lib/citusctl", *y = "~/work/x", *z = "teamwork/x $HOME/home/x";'
accepts places 'places of the system and of whoever runs it'
fresh_tree

printf '#!/bin/sh\ncase $1 in help) printf "Usage: citusctl\\n\\nCommands:\\n  init  x\\n  status  x\\n\\nOptions:\\n  foo x\\n";; esac\n' \
	>"$tree/program" && chmod +x "$tree/program"
export CITUSCTL=$tree/program
program=$(cat "$tree/program")
readme()
{
	put program "$program" && chmod +x "$tree/program"
	put README.md '# x' '## Commands' '' '| command | what |' '|---|---|' "$@" '' '## Else' '| `other` | x |'
}
readme '| `init` | x |' '| `status` | x |'
accepts readme
readme '| `init` | x |'
reports readme 'lacks "status"' 'a command that the README leaves out'
readme '| `init`, `status` | x |' '| `fly` | x |'
reports readme '"fly" is no command' 'a command that is only in the README'
unset CITUSCTL

for compiler in gcc clang; do
	have "$compiler" || continue
	accepts "$compiler"
	put citusctl/ops/x.c 'int f(long x);' 'int f(long x)' '{' 'return x;' '}'
	reports "$compiler" 'x.c:4:.*conver' 'a conversion that loses bits'
	put tests/unit/test_x.c 'static int unused(void);' 'static int unused(void) { return 1; }'
	reports "$compiler" 'test_x.c:.*unused' 'a test that is never run'
done
if have cppcheck; then
	accepts cppcheck
	put citusctl/ops/x.c 'int f(int n);' 'int f(int n)' '{' 'int a[2] = {0, 0};' 'if (n == 2) { }' 'return a[n];' '}'
	reports cppcheck 'x.c:6: .*out of bounds' 'an index out of bounds'
fi
if have clang-tidy; then
	accepts tidy
	put citusctl/ops/x.c '#include <stdlib.h>' 'int f(int n);' 'int f(int n)' '{' \
		'int *p = n > 3 ? malloc(4) : NULL;' '*p = n;' 'free(p);' 'return *p;' '}'
	reports tidy 'x.c:[68]:.*clang-analyzer' 'a use after free'
fi
if have shellcheck; then
	put tests/x.sh '#!/bin/sh' 'rm $1'
	reports shellcheck 'SC2086' 'a word without quotes'
	put tests/x.sh '#!/bin/sh' 'rm "$1"'
	accepts shellcheck
fi

# ---- the embedding of files -----------------------------------------------------
mkdir -p "$tree/sql/odd"
printf 'a "b" \\n \\\\ ??/ ??=\t%%d & \\& tab\r\nü \\\n\n' >"$tree/sql/odd/odd.sql"
: >"$tree/sql/odd/empty.sql"
printf 'no newline' >"$tree/sql/odd/x=y.sql"
put main.c '#include <stdio.h>' '#include "io/asset.h"' 'int main(void)' '{' \
	'for (const Asset *a = asset_table; a->name; a++)' \
	'printf("%s %zu:", a->name, a->length), fwrite(a->text, 1, a->length, stdout);' '}'
wanted=$(
	cd "$tree" || exit
	for file in sql/odd/empty.sql sql/odd/odd.sql; do
		printf '%s %d:' "$file" "$(wc -c <"$file")"
		cat "$file"
	done
	printf 'sql/odd/x=y.sql 11:no newline\n'
)
for awk in mawk gawk original-awk 'busybox awk'; do
	have "${awk% *}" || continue
	got=$(
		cd "$tree" || exit
		# shellcheck disable=SC2086
		LC_ALL=C $awk -f citusctl/io/embed.awk sql/odd/empty.sql sql/odd/odd.sql sql/odd/x=y.sql >asset.c &&
			"${CC:-gcc}" -std=c17 -Icitusctl main.c asset.c -o embedded && ./embedded
	)
	[ "$got" = "$wanted" ]
	verdict $? "embed.awk: any text survives $awk"
	# shellcheck disable=SC2086
	! (cd "$tree" && $awk -f citusctl/io/embed.awk sql/odd/none.sql >/dev/null 2>&1)
	verdict $? "embed.awk: a file that is not there ends the build ($awk)"
done

# ---- the runner: what it must not miss --------------------------------------------
runner()
{
	rm -rf "$tree/tests/integration" && mkdir -p "$tree/tests/integration"
	cp "$repo/tests/tools/run_tests.sh" "$tree/tests/tools/"
	put tests/integration/sample.sh "$@"
	said=$(env -u TESTS BUILD=build TEST_TIMEOUT=1 bash "$tree/tests/tools/run_tests.sh" integration 2>&1)
	status=$?
}

# counts LAST-LINE STATUS NAME
counts()
{
	[ "$(tail -n 1 <<<"$said")" = "$1" ] && [ "$status" -eq "$2" ]
	verdict $? "runner: $3"
	[ "$(tail -n 1 <<<"$said")" = "$1" ] || printf '%s\n' "$said" | sed 's/^/#   /'
}

runner 'echo "ok 1 - a"; echo "ok 2 - b"; echo 1..2'
counts '2 passed, 0 failed' 0 'counts what passed'
runner 'echo "ok 1 - a"; echo "ok 2 - b # SKIP Citus is not here"; echo 1..2'
counts '1 passed, 0 failed, 1 skipped' 0 'counts what was skipped'
runner 'echo "ok 1 - a"; echo "not ok 2 - b"; echo 1..2'
counts '1 passed, 1 failed' 1 'counts what failed, whatever the exit status'
runner 'echo "ok 1 - a"; echo 1..2'
counts '1 passed, 1 failed' 1 'notices tests that did not run'
runner 'echo "ok 1 - a"'
counts '1 passed, 1 failed' 1 'notices a script that ended early'
runner 'echo "ok 1 - a"; echo 1..1; exit 7'
counts '1 passed, 1 failed' 1 'notices an exit status'
runner 'echo "ok 1 - a"; echo 1..1; sleep 5'
counts '1 passed, 1 failed' 1 'ends what takes too long'
runner 'path=${ASAN_OPTIONS#*log_path=}; echo leak >"${path%%:*}.1"; echo "ok 1 - a"; echo 1..1'
counts '1 passed, 1 failed' 1 'notices the report of a sanitizer'

echo "1..$count"
exit "$failed"
