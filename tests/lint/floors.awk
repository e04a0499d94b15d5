# Fails when a source file includes a floor that it may not see:
#
#   cli -> demo -> ops -> run -> { model, balance, io } -> util
#
# Down only; the three in braces do not see each other.  libpq, libssh, libcrypto and hiredis
# are known to io alone, cJSON to util/json.c alone.
BEGIN {
	may["util"] = "util"
	may["model"] = "model util"
	may["balance"] = "balance util"
	may["io"] = "io util"
	may["run"] = "run model balance io util"
	may["ops"] = "ops " may["run"]
	may["demo"] = "demo " may["ops"]
	may["cli"] = "cli " may["demo"]
	may["main.c"] = "cli util"
	may["version.h"] = ""
}

function complain(what) {
	print FILENAME ":" FNR ": " what
	bad = 1
}

FNR == 1 {
	split(FILENAME, part, "/")
	floor = part[2]
	if (!(floor in may)) {
		complain("\"" floor "\" is no floor of this house")
		may[floor] = ""
	}
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	if (quoted[2] == "version.h")
		next
	if (quoted[2] !~ /^[a-z]+\/[a-z0-9_]+\.h$/) {
		complain("include as \"floor/file.h\", not \"" quoted[2] "\"")
		next
	}
	split(quoted[2], wanted, "/")
	if (index(" " may[floor] " ", " " wanted[1] " ") == 0)
		complain(floor " may not include " wanted[1])
}

/^[ \t]*#[ \t]*include[ \t]*</ {
	if ($0 ~ /<(libpq-fe\.h|libpq\/|libssh\/|openssl\/|hiredis)/ && floor != "io")
		complain("libpq, libssh, libcrypto and hiredis belong to io")
	if ($0 ~ /<(cjson\/|cJSON)/ && FILENAME !~ /\/util\/json\.c$/)
		complain("cJSON belongs to util/json.c")
}

END { exit bad }
