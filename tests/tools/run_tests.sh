#!/usr/bin/env bash
# Runs tests and counts them.
#
#   run_tests.sh SUITE...        suites: lint unit integration
#
# Every part speaks TAP: tests/lint/run.sh, the unit tests' program (by libcheck)
# and each tests/integration/*.sh.  A part that dies, runs fewer tests than it
# planned or takes longer than TEST_TIMEOUT seconds (1200) has failed as well.
# The last line is "N passed, N failed", with ", N skipped" if there were any;
# the exit status is 0 when nothing failed.  Logs stay in $BUILD/logs/.
#
# TESTS="demo status" runs only those integration tests.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=${BUILD:-build}
logs=$PWD/$build/logs
limit=${TEST_TIMEOUT:-1200}
passed=0
failed=0
skipped=0
export BUILD=$build CITUSCTL=${CITUSCTL:-$PWD/citusctl/citusctl}

# Of this run alone: others may run in the same tree.
reports=$(mktemp -d) || exit 1
trap 'rm -rf "$reports"' EXIT
mkdir -p "$logs" || exit 1

# A sanitizer's report is a failure even where a test expects the program to fail.
export ASAN_OPTIONS="log_path=$reports/asan:exitcode=99:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="log_path=$reports/ubsan:exitcode=99:print_stacktrace=1"
export TSAN_OPTIONS="log_path=$reports/tsan:exitcode=99"

# Reads TAP; prints "passed failed skipped" and what else is wrong with it.
count_tap()
{
	awk '
		/^ok / && /# *[Ss][Kk][Ii][Pp]/ { skip++; ran++; next }
		/^ok /     { pass++; ran++ }
		/^not ok / { fail++; ran++ }
		/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; plans++ }
		END {
			why = ""
			if (plans != 1)
				why = "ended without its plan"
			else if (planned != ran)
				why = "planned " planned " tests and ran " ran + 0
			print pass + 0, fail + (why != ""), skip + 0, why
		}' "$1"
}

# part NAME TAP-FILE-OR-"" COMMAND...
part()
{
	local name=$1 tap=$2 log started status good bad omitted why took
	shift 2
	log=$logs/${name//\//-}.log
	printf '%-28s ' "$name"
	started=$EPOCHREALTIME
	timeout --kill-after=30 "$limit" "$@" >"$log" 2>&1 </dev/null
	status=$?
	took=$(((${EPOCHREALTIME/[.,]/} - ${started/[.,]/}) / 100000))
	read -r good bad omitted why <<<"$(count_tap "${tap:-$log}")"

	[ "$status" -eq 124 ] && why="took longer than $limit seconds"
	if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		why="exit status $status"
	fi
	if [ -n "$(ls -A "$reports")" ]; then
		sed '/^Shadow bytes/,$d' "$reports"/* >>"$log"
		rm -f "$reports"/*
		bad=$((bad + 1))
		why="${why:+$why; }a sanitizer complained"
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + omitted))

	printf '%4d ok' "$good"
	[ "$bad" -gt 0 ] && printf ', %d FAILED' "$bad"
	[ "$omitted" -gt 0 ] && printf ', %d skipped' "$omitted"
	printf '  %d.%d s%s\n' $((took / 10)) $((took % 10)) "${why:+  ($why)}"
	grep -h '# *[Ss][Kk][Ii][Pp]' "${tap:-$log}" 2>/dev/null | sed 's/^ok [0-9]* - /    skipped: /'
	if [ "$bad" -gt 0 ]; then
		grep -h '^not ok ' "${tap:-$log}" | sed 's/^/    /'
		echo "    the end of $build/logs/${log##*/}:"
		tail -n 40 "$log" | sed 's/^/    | /'
	fi
}

lint()
{
	part lint '' bash tests/lint/run.sh
	part lint/self_test '' bash tests/lint/self_test.sh
}

unit()
{
	CK_TAP_LOG_FILE_NAME=$logs/unit.tap CK_FORK=${CK_FORK:-$([ "$build" = build ] && echo yes || echo no)} \
		part unit "$logs/unit.tap" "$build/unit-tests"
}

integration()
{
	local script name
	for script in tests/integration/*.sh; do
		name=$(basename "$script" .sh)
		[ "$name" = lib ] && continue
		case " ${TESTS:-$name} " in
			*" $name "*) part "integration/$name" '' bash "$script" ;;
		esac
	done
}

for suite in "$@"; do
	case $suite in
		lint | unit | integration) "$suite" ;;
		*)
			echo "run_tests.sh: no suite \"$suite\"; there are lint, unit, integration" >&2
			exit 1
			;;
	esac
done

if [ $((passed + failed + skipped)) -eq 0 ]; then
	echo "No test was run." >&2
	failed=1
fi
printf '%d passed, %d failed' "$passed" "$failed"
[ "$skipped" -gt 0 ] && printf ', %d skipped' "$skipped"
printf '\n'
[ "$failed" -eq 0 ]
