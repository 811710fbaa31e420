# Makes a throw-away PostgreSQL cluster, serves it until standard input closes, and removes it.
# The owner holds the other end of standard input, so the cluster ends with its owner however that dies.
# Arguments: the folder of the server programs, the port, and the server's settings. JETON_CLUSTER_PASSWORD: the role's.
# Says on standard output only why the server ended by itself.
set -eu
programs=$1 port=$2
shift 2

dir=$(mktemp -d "${TMPDIR:-/tmp}/jeton-postgres.XXXXXX" 2>/dev/null || mktemp -d /tmp/jeton-postgres.XXXXXX)
server=
remove() {
  trap '' HUP INT TERM
  if [ -n "$server" ]; then
    kill -QUIT "$server" 2>/dev/null || :
    wait "$server" 2>/dev/null || :
  fi
  cd /
  rm -rf "$dir"
}
trap remove EXIT
trap 'exit 1' HUP INT TERM
cd "$dir"

exec 3<&0 </dev/null
(umask 077 && printf '%s' "$JETON_CLUSTER_PASSWORD" >password)
"$programs/initdb" -D data -U jeton --pwfile=password --auth=password --encoding=UTF8 --locale=C --no-sync \
  >log 2>&1 3<&- || { tail -n 20 log; exit 1; }
rm password

"$programs/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= "$@" \
  >log 2>&1 3<&- &
server=$!
(
  trap - EXIT HUP INT TERM
  exec >/dev/null 2>&1
  cat <&3
  kill -QUIT "$server"
) &
exec 3<&-
wait "$server" || :
server=
[ ! -s log ] || tail -n 20 log
