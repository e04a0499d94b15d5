# Makes the table of io/asset.h from the files on the command line (sorted).
# Every line becomes one C string; a file that can't be read ends the build.
function embed(name,    line, status, bytes) {
	printf "{\"%s\",\n", name
	while ((status = (getline line < name)) > 0) {
		bytes += length(line) + 1
		gsub(/[\\"?]/, "\\\\&", line) # "\?" so that "??/" is no trigraph
		gsub(/\t/, "\\t", line)
		gsub(/\r/, "\\r", line)
		print "\"" line "\\n\""
	}
	close(name)
	if (status < 0) {
		print "embed.awk: cannot read " name | "cat >&2"
		failed = 1
		exit 1
	}
	print "\"\", " (bytes + 0) "},"
}
BEGIN {
	print "#include \"io/asset.h\"\n\nconst Asset asset_table[] = {"
	for (i = 1; i < ARGC; i++)
		embed(ARGV[i])
	print "{0, 0, 0}};"
	exit
}
END { exit failed }
