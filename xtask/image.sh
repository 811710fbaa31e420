#!/usr/bin/env bash
# Proves docs/deploy/Dockerfile on an engine that reaches no registry: both base images are stand-ins made of this machine's own
# files, and the compiler is one that hands out the binary named here. What is proven is the Dockerfile and the binary in an image
# without a shell; not the compilation in the official image, and not distroless itself.
# Usage: bash xtask/image.sh BINARY      Needs a running Docker engine.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "$1")
scratch=$(mktemp -d)
name=jeton-image-test-$$
finish() {
  docker rm --force "$name" >/dev/null 2>&1 || :
  docker volume rm "$name" >/dev/null 2>&1 || :
  docker image rm "$name" "$name-build" "$name-runtime" >/dev/null 2>&1 || :
  rm -rf "$scratch"
}
trap finish EXIT

# Copies a file and the libraries that it needs into a root folder.
put() {
  local root=$1 file
  shift
  for file in "$@"; do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
    { ldd "$file" 2>/dev/null || :; } | awk '/=> \//{print $3} /^\t\//{print $1}' | while read -r library; do
      mkdir -p "$root$(dirname "$library")"
      cp -Ln "$library" "$root$library"
    done
  done
}

build=$scratch/build runtime=$scratch/runtime
mkdir -p "$build"/{bin,tmp} "$runtime"/{etc,tmp,proc,sys,dev}
put "$build" /bin/sh /usr/bin/install /bin/cp /bin/mkdir
cp "$binary" "$build/jeton"
cat >"$build/bin/cargo" <<'SH'
#!/bin/sh
set -eu
[ "$*" = "build --release --locked --package api-axum --bin jeton" ]
# All that a build needs has come, and nothing of what was built before.
for needed in Cargo.toml Cargo.lock crates/api-axum/src/bin/jeton/main.rs migrations/postgres xtask/Cargo.toml; do [ -e "$needed" ]; done
[ ! -e target ]
mkdir -p target/release
cp /jeton target/release/jeton
SH
chmod +x "$build/bin/cargo"
{ ldd "$binary" || :; } | awk '/=> \//{print $3} /^\t\//{print $1}' | while read -r library; do put "$runtime" "$library"; done
printf 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$runtime/etc/passwd"
# As distroless has it: without it the server trusts nobody, and does not start.
put "$runtime" /etc/ssl/certs/ca-certificates.crt
chmod 1777 "$runtime/tmp" "$build/tmp"
tar -C "$build" -c . | docker import --change 'ENV PATH=/usr/bin:/bin' - "$name-build" >/dev/null
tar -C "$runtime" -c . | docker import --change 'USER 65532' - "$name-runtime" >/dev/null

# Builders without BuildKit do not read Dockerfile.dockerignore: what git knows is the context in either case.
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -c 2>/dev/null |
  docker build -f docs/deploy/Dockerfile -t "$name" --build-arg BUILD_IMAGE="$name-build" \
    --build-arg RUNTIME_IMAGE="$name-runtime" - >"$scratch/log" 2>&1 || { tail -n 30 "$scratch/log"; exit 1; }

rights=(--read-only --cap-drop ALL --security-opt no-new-privileges --network none --volume "$name:/var/lib/jeton")
docker run --detach --name "$name" "${rights[@]}" --health-interval 1s "$name" >/dev/null
for _ in $(seq 60); do
  health=$(docker inspect --format '{{.State.Health.Status}}' "$name")
  [ "$health" != healthy ] || break
  [ "$(docker inspect --format '{{.State.Running}}' "$name")" = true ] || break
  sleep 0.5
done
[ "$health" = healthy ] || { docker logs "$name"; docker inspect --format '{{json .State.Health}}' "$name"; exit 1; }
user=$(docker inspect --format '{{.Config.User}}' "$name")
[ "$user" = 65532:65532 ] || { echo "it runs as $user"; exit 1; }
docker exec "$name" /usr/local/bin/jeton keys list | grep -q active
# Nothing but its volume can be written.
if docker exec "$name" /usr/local/bin/jeton man --out /usr/man 2>/dev/null; then echo "it wrote outside of its volume"; exit 1; fi
docker stop --time 20 "$name" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" = 0 ] || { docker logs "$name"; echo "it ended with $code"; exit 1; }
# What it wrote outlives it.
docker run --rm "${rights[@]}" "$name" keys list | grep -q active
echo "image: proven on stand-in base images: healthy, read-only, without a network, as $user"
