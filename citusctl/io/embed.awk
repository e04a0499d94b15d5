# Makes the table of io/asset.h from the files on the command line (sorted).
function flush() { if (open) print "\"\", " bytes "},"; open = 0 }
BEGIN { print "#include \"io/asset.h\"\n\nconst Asset asset_table[] = {" }
FNR == 1 { flush(); printf "{\"%s\",\n", FILENAME; bytes = 0; open = 1 }
{
	bytes += length($0) + 1
	gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/\?/, "\\?"); gsub(/\t/, "\\t")
	print "\"" $0 "\\n\""
}
END { flush(); print "{0, 0, 0}};" }
