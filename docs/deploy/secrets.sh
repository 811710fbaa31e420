#!/bin/sh
# Makes the secrets of compose.yaml beside it, once: each file for the user of its container alone. As root.
set -eu
cd "$(dirname "$0")"
mkdir -m 0711 secrets   # fails where they are already: a master key is never replaced
umask 077
password=$(openssl rand -hex 24)
printf '%s' "$password" >secrets/postgres_password
printf 'postgres://jeton:%s@postgres/jeton' "$password" >secrets/database_url
openssl rand -base64 32 >secrets/master_key
chown 999:999 secrets/postgres_password
chown 65532:65532 secrets/database_url secrets/master_key
chmod 0400 secrets/*
echo "made secrets/; keep a copy of secrets/master_key apart from the database's backups"
