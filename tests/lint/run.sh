#!/usr/bin/env bash
# What can be said about the sources without running them, as TAP.
#
#   run.sh [STEP...]        all steps unless some are named
#
# A step is a function lint_NAME below; it prints what is wrong and fails.  Steps
# whose tool is not installed are skipped.  LINT_ROOT is the tree to look at.
set -u
cd "${LINT_ROOT:-$(dirname "$0")/../..}" || exit 1

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
count=0
failed=0

# The program's own sources; lists of files, sorted, NUL-free names.
c_files() { find citusctl -name '*.[ch]' | LC_ALL=C sort; }
all_files()
{
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard | while read -r file; do
			[ -f "$file" ] && echo "$file"
		done
	else
		find . -type f ! -path './build/*' ! -path './.git/*' ! -path ./citusctl/citusctl | sed 's|^\./||'
	fi | LC_ALL=C sort
}
shell_files() { all_files | grep -E '\.sh$|^\.ci/run$'; }

# A make of its own: what the make above was told is not for this one.
lint_make() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD make -s -k -j"$(nproc)" DEV=1 "$@" 2>&1; }

describe()
{
	case $1 in
		floors) echo 'includes go down the floors only' ;;
		words) echo 'no banned function; nothing below cli prints or exits' ;;
		length) echo 'no file has more than 800 lines' ;;
		headers) echo 'every header is guarded and compiles alone' ;;
		assets) echo 'every file of sql/, templates/ and host/ is used, and the other way round' ;;
		text) echo 'text files are UTF-8, end with a newline, and have no blanks at line ends' ;;
		suites) echo 'every file of unit tests has a suite that make finds' ;;
		places) echo 'no path of somebody'\''s machine in the tree' ;;
		readme) echo 'README names every command that help names, and no other' ;;
		gcc) echo 'gcc has nothing to warn of' ;;
		clang) echo 'clang has nothing to warn of' ;;
		cppcheck) echo 'cppcheck has nothing to warn of' ;;
		tidy) echo 'clang-tidy has nothing to warn of' ;;
		shellcheck) echo 'shellcheck has nothing to warn of' ;;
	esac
}

# The command that a step cannot do without.
tool_of()
{
	case $1 in
		gcc | clang | cppcheck | shellcheck) echo "$1" ;;
		tidy) echo clang-tidy ;;
		*) echo awk ;;
	esac
}

lint_floors() { c_files | xargs awk -f "$tools/floors.awk"; }
lint_words() { c_files | xargs awk -f "$tools/words.awk"; }

lint_length()
{
	all_files | grep -E '\.([ch]|sql|sh|awk)$' | xargs wc -l |
		awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines, more than 800"; bad = 1 } END { exit bad }'
}

lint_headers()
{
	local file guard bad=0 flags
	read -ra flags <<<"$(pkg-config --cflags libpq libcjson libssh libcrypto 2>/dev/null)"
	for file in $(c_files | grep '\.h$'); do
		guard=$(tr 'a-z/.' 'A-Z__' <<<"$file")
		guard=${guard#CITUSCTL_}
		grep -q "^#ifndef CITUSCTL_$guard\$" "$file" || {
			echo "$file: no guard CITUSCTL_$guard"
			bad=1
		}
		"${CC:-gcc}" -std=c17 -D_POSIX_C_SOURCE=200809L -Icitusctl -fsyntax-only "${flags[@]}" \
			-x c "$file" 2>&1 || bad=1
	done
	return "$bad"
}

# Names in C (and in embedded JSON) are "sql/query/x.sql", or "sql/embedded/" for all
# that is below.
lint_assets()
{
	local name file names bad=0
	names=$({ c_files; find sql -name '*.json'; } | xargs grep -hvE '^[[:blank:]]*(\*|/\*|//)' | grep -oE '"(sql|templates|host)/[^" ]*"' | tr -d '"' | LC_ALL=C sort -u)
	for name in $names; do
		if [ "${name%/}" != "$name" ]; then
			[ -n "$(ls -A "$name" 2>/dev/null)" ] && continue
		elif [ -f "$name" ]; then
			continue
		fi
		echo "the sources name \"$name\", and there is no such file"
		bad=1
	done
	for file in $(find sql templates host -type f 2>/dev/null | LC_ALL=C sort); do
		grep -qxF "$file" <<<"$names" && continue
		case $file in
			sql/query/*) ;;
			*) grep -qxF "${file%/*}/" <<<"$names" && continue ;;
		esac
		echo "$file: no source names it"
		bad=1
	done
	return "$bad"
}

lint_text()
{
	local file bad=0
	for file in $(all_files | grep -vE '\.(bin|gz|png)$|^tests/(golden|fuzz/corpus)/'); do
		if [ -s "$file" ]; then
			[ -z "$(tail -c 1 "$file")" ] || { echo "$file: does not end with a newline"; bad=1; }
		elif [ "${file%%/*}" = sql ] || [ "${file%%/*}" = templates ]; then
			echo "$file: is empty"
			bad=1
		fi
		iconv -f UTF-8 -t UTF-8 "$file" >/dev/null 2>&1 || { echo "$file: is not UTF-8"; bad=1; }
		LC_ALL=C awk '/[ \t]$/ { print FILENAME ":" FNR ": blanks at the end of the line"; bad = 1 } END { exit bad }' \
			"$file" || bad=1
	done
	return "$bad"
}

# The pattern is that of build/gen/suites.h in the Makefile; a START_TEST that no
# suite adds is an unused variable to the compilers.
lint_suites()
{
	local file bad=0
	for file in tests/unit/test_*.c; do
		[ -f "$file" ] || continue
		grep -qE '^(Suite \*)?[a-z0-9_]+_suite\(void\)( \{)?$' "$file" || {
			echo "$file: no \"Suite *NAME_suite(void)\""
			bad=1
		}
	done
	return "$bad"
}

# This file and its test have to name what they look for.
lint_places()
{
	! all_files | grep -vE '^tests/lint/(run|self_test)\.sh$' | xargs -d '\n' grep -nHIE \
		'(^|[^A-Za-z0-9_.~$}/-])/(home/[A-Za-z]|Users/[A-Za-z]|root/|work/|mnt/[a-z])'
}

# README's table of commands: rows that start with | `word. help: lines of two
# blanks and a word, from "Commands" to the next line that is not indented.
lint_readme()
{
	local program=${CITUSCTL:-citusctl/citusctl} told written
	[ -f README.md ] || {
		echo "# there is no README.md yet"
		return 0
	}
	told=$("$program" help | awk '/^[^ ]/ { inside = /^[Cc]ommands/ } inside && /^  [a-z]/ { print $1 }' | sort -u)
	[ -n "$told" ] || {
		echo "\"citusctl help\" lists no command"
		return 1
	}
	written=$(awk -F '`' '/^#/ { inside = tolower($0) ~ /command/ } inside && /^\| *`/ {
			n = split($0, cell, "|"); n = split(cell[2], name, "`")
			for (i = 2; i <= n; i += 2) { split(name[i], word, " "); print word[1] }
		}' README.md | sort -u)
	diff <(echo "$told") <(echo "$written") | sed -n \
		's/^< \(.*\)/README.md: the table of commands lacks "\1"/p; s/^> \(.*\)/README.md: "\1" is no command of citusctl/p' | grep . && return 1
	return 0
}

lint_gcc() { lint_make CC=gcc BUILD=build/lint-gcc lint-objects; }
lint_clang() { lint_make CC=clang BUILD=build/lint-clang lint-objects; }
lint_tidy() { lint_make CC=clang BUILD=build/lint-clang lint-tidy | grep -v '^make'; [ "${PIPESTATUS[0]}" -eq 0 ]; }

# zerodiv cannot see that a count of another file is never 0, nor nullPointerOutOfResources of newer ones that a size is
# 0 where there is no file; these also tell where they stopped to look.
lint_cppcheck()
{
	mkdir -p build/cppcheck
	cppcheck -q --enable=warning,performance,portability --inline-suppr --error-exitcode=1 --std=c11 \
		--language=c -Icitusctl -D_POSIX_C_SOURCE=200809L --cppcheck-build-dir=build/cppcheck \
		--suppress=missingIncludeSystem --suppress=zerodiv --suppress=nullPointerOutOfResources \
		--suppress=normalCheckLevelMaxBranches --template='{file}:{line}: {message} [{id}]' -j"$(nproc)" citusctl 2>&1
}

# 2317 takes functions that are called through "$@" for unreachable; 2319 is about the status of [ ], which is what is asked.
lint_shellcheck() { shell_files | xargs -n 8 -P "$(nproc)" shellcheck -x -e SC2317,SC2319; }

step()
{
	local name=$1 tool output
	count=$((count + 1))
	tool=$(tool_of "$name")
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "ok $count - $(describe "$name") # SKIP $tool is not installed"
	elif output=$("lint_$name"); then
		echo "ok $count - $(describe "$name")"
	else
		echo "not ok $count - $(describe "$name")"
		printf '%s\n' "$output" | sed 's/^/#   /'
		failed=1
	fi
}

[ $# -gt 0 ] || set -- floors words length headers assets text suites places readme gcc clang cppcheck tidy shellcheck
for name in "$@"; do
	step "$name"
done
echo "1..$count"
exit "$failed"
