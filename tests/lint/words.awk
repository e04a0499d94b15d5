# Fails when a C file calls what has no place in this program, or prints or ends
# the program below the floor of cli.  Comments and texts do not count.
#
# A line to standard error is allowed below cli where abort() follows at once: a
# programmer's mistake or the end of memory, which no caller could report.
BEGIN {
	instead["sprintf"] = instead["vsprintf"] = "snprintf, arena_printf"
	instead["strcpy"] = instead["strcat"] = instead["strncpy"] = instead["strncat"] = "the functions of util/str.h"
	instead["strtok"] = "strtok_r, strcspn"
	instead["gets"] = "fgets"
	instead["atoi"] = instead["atol"] = instead["atoll"] = instead["atof"] = "strtol and a check, or util/str.h"
	instead["system"] = instead["popen"] = "io/shell.h"
	instead["alloca"] = "an arena"
	instead["tmpnam"] = instead["mktemp"] = instead["tempnam"] = "mkstemp"

	prints = "printf vprintf puts putchar perror"
	ends = "exit _exit _Exit quick_exit"
}

# The line without comments and with empty texts; keeps whether a comment is open.
function code_of(line,    kept, at, two) {
	kept = ""
	while (line != "") {
		if (in_comment) {
			at = index(line, "*/")
			if (at == 0)
				return kept
			line = substr(line, at + 2)
			in_comment = 0
			continue
		}
		if (!match(line, /\/\*|\/\/|"|'/))
			return kept line
		two = substr(line, RSTART, 2)
		kept = kept substr(line, 1, RSTART - 1)
		if (two == "//")
			return kept
		if (two == "/*") {
			in_comment = 1
			line = substr(line, RSTART + 2)
			continue
		}
		line = substr(line, RSTART + 1)
		if (two ~ /^"/) {
			kept = kept "\"\""
			match(line, /^([^\\"]|\\.)*"?/)
		} else {
			kept = kept "''"
			match(line, /^([^\\']|\\.)*'?/)
		}
		line = substr(line, RLENGTH + 1)
	}
	return kept
}

function complain(what) {
	print FILENAME ":" FNR ": " what
	bad = 1
}

# What was said on standard error was not the last thing that was said.
function went_on() {
	if (last_words)
		print last_file ":" last_words ": stderr: only cli prints; fill an Err"
	bad = bad || last_words > 0
	last_words = 0
}

# Every word that is called on this line, and the standard streams.
function judge(code,    word, called) {
	while (match(code, /[A-Za-z_][A-Za-z0-9_]*/)) {
		word = substr(code, RSTART, RLENGTH)
		called = substr(code, RSTART + RLENGTH) ~ /^[ \t]*\(/
		called = called && (RSTART == 1 || substr(code, RSTART - 1, 1) !~ /[.>]/)
		code = substr(code, RSTART + RLENGTH)
		if (called && (word in instead))
			complain(word "() is not used here; use " instead[word])
		if (top)
			continue
		if (called && index(" " prints " ", " " word " ") > 0 || word == "stdout")
			complain(word ": only cli prints")
		if (word == "stderr" && FILENAME != "citusctl/util/log.c") {
			last_words = FNR
			last_file = FILENAME
		}
		if (called && index(" " ends " ", " " word " ") > 0)
			complain(word "(): only main and cli end the program")
		if (called && word == "abort") {
			if (!last_words)
				complain("abort() without a word on standard error before it")
			last_words = 0
		}
	}
}

FNR == 1 || FNR > last_words + 3 { went_on() }
FNR == 1 {
	in_comment = 0
	top = FILENAME ~ /^citusctl\/(cli\/|main\.c$)/
}
/^[ \t]*#[ \t]*include/ { next }
{ judge(code_of($0)) }
END {
	went_on()
	exit bad
}
