#!/usr/bin/env bash
# A certificate to try Sonobench with:   infra/tls/self-signed.sh [NAME] [FOLDER]
#
# Makes FOLDER/fullchain.pem and FOLDER/privkey.pem for NAME (a host's name or an address; default: localhost and var/tls).
# Browsers and engines warn of it, rightly: for a real challenge put a certificate of your own authority or of Let's Encrypt
# there under the same two names. What is there is left alone.
set -euo pipefail
readonly NAME="${1:-localhost}" FOLDER="${2:-var/tls}"
readonly DAYS=397

die() { printf 'self-signed: %s\n' "$*" >&2; exit 1; }

[[ "$NAME" =~ ^[A-Za-z0-9.:_-]+$ ]] || die "'$NAME' is neither a host's name nor an address."
command -v openssl >/dev/null || die "openssl is not installed; apt-get install openssl"
for file in fullchain.pem privkey.pem; do
  [ ! -e "$FOLDER/$file" ] || die "$FOLDER/$file is there already; remove it first if you mean to replace it."
done

alternative="DNS:$NAME"
if [[ "$NAME" =~ ^[0-9.]+$ || "$NAME" == *:* ]]; then alternative="IP:$NAME"; fi

mkdir -p "$FOLDER"
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$DAYS" -subj "/CN=$NAME" \
  -addext "subjectAltName=$alternative" -addext "extendedKeyUsage=serverAuth" \
  -keyout "$FOLDER/privkey.pem" -out "$FOLDER/fullchain.pem" 2>/dev/null || die "openssl made no certificate for $NAME."
chmod 644 "$FOLDER/fullchain.pem"
# The proxy of docker-compose.yml runs as user 101 and reads the key; nobody else does.
if [ "$(id -u)" = 0 ]; then chown 101:101 "$FOLDER/privkey.pem"; else
  printf 'self-signed: give the key to the proxy: sudo chown 101:101 %s\n' "$FOLDER/privkey.pem" >&2
fi
printf 'Made %s and %s for %s, good for %s days.\n' "$FOLDER/fullchain.pem" "$FOLDER/privkey.pem" "$NAME" "$DAYS"
