#!/usr/bin/env bash
# A minimal root file system with Python 3 and nothing else, as a tar, from the distribution's own packages.
#
#   infra/rootfs.sh OUT.tar        (as root; the tar gets the owner of its folder)
#
# Of the suite this machine runs, from the mirror its apt uses: that is what is reachable where no registry is.
set -euo pipefail
readonly OUT="$1"

die() { printf 'base image: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "debootstrap needs root"
PATH="$PATH:/usr/sbin:/sbin"
command -v debootstrap >/dev/null || die "debootstrap is missing; run 'make setup', or: apt-get install debootstrap"

# shellcheck source=/dev/null
suite="$(. /etc/os-release && echo "${UBUNTU_CODENAME:-$VERSION_CODENAME}")"
# shellcheck source=/dev/null
case "$(. /etc/os-release && echo "$ID ${ID_LIKE:-}")" in
  *ubuntu*) default_mirror=http://archive.ubuntu.com/ubuntu keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg components=main,universe ;;
  *) default_mirror=http://deb.debian.org/debian keyring=/usr/share/keyrings/debian-archive-keyring.gpg components=main ;;
esac
# The first archive that apt itself reads this suite from.
# shellcheck disable=SC2016
mirror="$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
  awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }')"
mirror="${mirror:-$default_mirror}"

# debootstrap refuses a file system mounted nodev or noexec, as some mount /tmp and /home.
work=""
for place in "$(dirname "$OUT")" /var/tmp /var/lib; do
  case ",$(findmnt -n -o OPTIONS -T "$place" 2>/dev/null)," in *,nodev,* | *,noexec,*) continue ;; esac
  work="$(mktemp -d "$place/sonobench-rootfs.XXXXXX")" && break
done
[ -n "$work" ] || die "no folder on a file system that allows devices and programs was found for debootstrap"
# debootstrap leaves /proc mounted in there when it is interrupted.
trap 'umount "$work/root/proc" "$work/root/sys" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT

printf 'base image: building from %s %s with debootstrap (a minute or two) ...\n' "$mirror" "$suite" >&2
if ! debootstrap --variant=minbase --include=python3 --components="$components" --keyring="$keyring" \
  "$suite" "$work/root" "$mirror" >"$work/log" 2>&1; then
  tail -n 5 "$work/log" >&2
  die "debootstrap of $suite from $mirror failed; its last words are above"
fi

root="$work/root"
ln -sf /usr/bin/python3 "$root/usr/local/bin/python"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/cache/debconf/*-old "$root"/var/log/* "$root"/tmp/* \
  "$root"/usr/share/{doc,man,info,locale,lintian,bash-completion,zoneinfo}/* "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
tar --directory "$root" --numeric-owner --exclude './dev/*' --exclude './proc/*' --exclude './sys/*' -cf "$work/rootfs.tar" .
chown --reference="$(dirname "$OUT")" "$work/rootfs.tar"
mv "$work/rootfs.tar" "$OUT"
