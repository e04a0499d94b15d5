# Makes the output of a script comparable where the engines differ on purpose, see README.md.
#
#   awk -v engine=citus|embedded -f limits.awk SCRIPT OUTPUT
#
# psql repeats each line of the script ("psql -a"). Inside a limit those lines are left out. What Citus answered gives way to what
# the script says that the embedded engine answers; what the embedded engine answered stays.

FNR == 1 {
	block = 0 # counted anew in the second file
}

/^-- limit: / {
	in_head = in_limit = 1
	block++
	next_line = 1
	answers = ""
	if (NR > FNR)
		print
	next
}

in_head && /^-- embedded:/ {
	if (NR == FNR)
		wanted[block] = wanted[block] substr($0, 14) "\n"
	next
}

in_head && /^--/ {
	next # the reason goes on
}

in_limit && /^-- end of limit$/ {
	in_head = in_limit = 0
	if (NR > FNR) {
		printf "%s", engine == "citus" ? wanted[block] : answers
		if (engine == "citus" && answers == wanted[block])
			print "stale: the engines agree here, so this is no limit"
		print
	}
	next
}

in_limit && NR == FNR {
	in_head = 0
	line[block, ++lines[block]] = $0
	next
}

in_limit {
	in_head = 0
	if (next_line <= lines[block] && $0 == line[block, next_line])
		next_line++
	else
		answers = answers $0 "\n"
	next
}

NR > FNR {
	print
}
