#!/usr/bin/env bash
# One backup into FOLDER/DATE, checked, and old ones removed after it:   infra/backup/nightly.sh FOLDER
#
# For sonobench-backup.timer, or for cron:   15 3 * * *  sonobench  /opt/sonobench/infra/backup/nightly.sh /var/backups/sonobench
# KEEP_DAYS (14): older ones go, once the new one is whole. Everything else is configured as for the server (SONOBENCH_...).
set -euo pipefail
readonly FOLDER="${1:?name the folder that holds the backups}" KEEP_DAYS="${KEEP_DAYS:-14}"
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
readonly SONOBENCH="${SONOBENCH_PROGRAM:-$HERE/.venv/bin/sonobench}"

die() { printf 'backup: %s\n' "$*" >&2; exit 1; }

[ -d "$FOLDER" ] || die "$FOLDER is not a folder; make it, for the server's own user (chmod 700)."
[[ "$KEEP_DAYS" =~ ^[0-9]+$ ]] || die "KEEP_DAYS is '$KEEP_DAYS'; it must be a whole number of days."
umask 077
target="$FOLDER/$(date -u +%Y-%m-%dT%H%M%SZ)"

"$SONOBENCH" admin backup "$target" || die "the backup into $target failed; older ones are kept."
"$SONOBENCH" admin restore "$target" --check || die "the backup in $target is not whole; older ones are kept."

# Only what has a backup's name and a backup's manifest is ever removed.
find "$FOLDER" -mindepth 1 -maxdepth 1 -type d -name '20[0-9][0-9]-*Z' -mtime "+$KEEP_DAYS" -print0 |
  while IFS= read -r -d '' old; do
    if [ ! -f "$old/manifest.json" ] || [ "$old" = "$target" ]; then continue; fi
    rm -rf -- "$old"
    printf 'Removed %s, older than %s days.\n' "$old" "$KEEP_DAYS"
  done
