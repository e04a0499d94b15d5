#!/usr/bin/env bash
# Runs the examples for CI services of README.md as they stand there: the steps of each block of YAML, one after the
# other, in a fresh clone, and looks whether the files that they keep are there afterwards.
#
#   ci_examples.sh            takes some minutes, since each builds everything
set -u
repo=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/citusctl-examples.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
# Servers that root starts run as another user, who has to get there.
chmod 755 "$tmp"

# Each block of YAML that has steps, as a file of its own.
awk -v out="$tmp/block" '
	/^```yaml/ { inside = 1; n++; next }
	/^```/ { inside = 0 }
	inside { print >(out n) }' "$repo/README.md"

# steps FILE: of GitLab the list below "script:", of GitHub what stands behind "run:".
steps()
{
	awk '
		/^[[:blank:]]*script:/ { script = 1; next }
		script && /^[[:blank:]]*- / { sub(/^[[:blank:]]*- /, ""); print; next }
		script { script = 0 }
		/^[[:blank:]]*- run: / { sub(/^[[:blank:]]*- run: /, ""); print }' "$1"
}

failed=0
for block in "$tmp"/block*; do
	[ -n "$(steps "$block")" ] || continue
	clone=$tmp/clone.${block##*/}
	git clone -q "$repo" "$clone" && cd "$clone" || exit 1
	while IFS= read -r step; do
		echo "+ $step"
		bash -e -c "$step" </dev/null || { echo "failed: $step"; failed=1; break; }
	done < <(steps "$block")
	for file in demo.xml demo.html; do
		[ -s "$file" ] || { echo "there is no $file"; failed=1; }
	done
	cd / && rm -rf "$clone"
done
exit "$failed"
