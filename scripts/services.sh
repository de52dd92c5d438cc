# shellcheck shell=bash disable=SC2034
# Throw-away PostgreSQL and Redis for tests and measurements. To be sourced:
#
#   source scripts/services.sh
#   start_postgres DIR   # sets DATABASE_URL
#   start_redis DIR      # sets REDIS_URL
#   stop_services        # also ends what was added with `track PID`
#
# Servers run as an ordinary user, also when the caller is root, which
# PostgreSQL refuses to be. They keep nothing: no fsync, data below DIR.

tracked=()

# track PID [SIGNAL] remembers a process to be ended by stop_services.
track() { tracked+=("${2:-TERM} $1"); }

# stop_services ends what was started, the latest first, and waits for it.
stop_services() {
  local i signal pid
  for ((i = ${#tracked[@]} - 1; i >= 0; i--)); do
    read -r signal pid <<<"${tracked[i]}"
    kill "-$signal" "$pid" 2>/dev/null || continue
    for _ in {1..100}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  tracked=()
}

# service_user prints the account that servers run as when the caller is root.
service_user() { id -un postgres 2>/dev/null || echo nobody; }

# as_service_user is `exec` of a command as that account: the process id stays.
as_service_user() {
  if [[ "$(id -u)" -ne 0 ]]; then
    exec "$@"
  fi
  local user
  user="$(service_user)"
  exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
}

# service_dir makes a directory that the account owns, below one that it may enter.
service_dir() {
  mkdir -p "$1"
  if [[ "$(id -u)" -eq 0 ]]; then
    chown "$(service_user)" "$1"
  fi
}

# free_port prints a loopback port that nobody listens on now.
free_port() {
  node -e 'const s = require("net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# await COMMAND... runs a command until it succeeds, 30 seconds at most.
await() {
  for _ in {1..300}; do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  echo "timed out: $*" >&2
  return 1
}

# http_ok succeeds when the URL answers with a 2xx.
http_ok() {
  node -e 'fetch(process.argv[1], { signal: AbortSignal.timeout(2000) }).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$1"
}

postgres_bin() {
  if command -v initdb >/dev/null; then
    dirname "$(readlink -f "$(command -v initdb)")"
  else
    dirname "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)"
  fi
}

start_postgres() {
  local dir="$1/postgres" bin pid
  bin="$(postgres_bin)"
  service_dir "$dir"
  (cd "$dir" && as_service_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -N --locale=C -E UTF8) >"$dir.initdb.log" 2>&1 ||
    { cat "$dir.initdb.log" >&2 && return 1; }
  (
    cd "$dir" || exit 1
    as_service_user "$bin/postgres" -D "$dir/data" -c listen_addresses='' -c unix_socket_directories="$dir" \
      -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c wal_level=minimal -c max_wal_senders=0 \
      -c max_connections=400 -c shared_buffers=128MB
  ) >"$dir.log" 2>&1 &
  pid=$!
  track "$pid" INT # a fast shutdown: TERM would wait for clients to leave
  await "$bin/pg_isready" -q -h "$dir" -U postgres || { cat "$dir.log" >&2 && return 1; }
  DATABASE_URL="postgres://postgres@/postgres?host=$dir"
}

start_redis() {
  local dir="$1/redis" server port pid
  server="$(command -v redis-server || command -v valkey-server)"
  service_dir "$dir"
  port="$(free_port)"
  (
    cd "$dir" || exit 1
    as_service_user "$server" --bind 127.0.0.1 --port "$port" --dir "$dir" --save '' --appendonly no
  ) >"$dir.log" 2>&1 &
  pid=$!
  track "$pid"
  await redis_answers "$port" || { cat "$dir.log" >&2 && return 1; }
  REDIS_URL="redis://127.0.0.1:$port/0"
}

redis_answers() (
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf 'PING\r\n' >&3
  read -r -t 2 answer <&3
  [[ "$answer" == +PONG* ]]
)

# start_demo BINARY DIR starts `tessera demo` on a free port; sets DEMO_URL.
start_demo() {
  local binary="$1" dir="$2" port pid
  port="$(free_port)"
  mkdir -p "$dir"
  "$binary" demo --addr "127.0.0.1:$port" --data "$dir" >"$dir/server.log" 2>&1 &
  pid=$!
  track "$pid"
  DEMO_URL="http://localhost:$port" # as it calls itself: passkeys belong to a name
  await http_ok "$DEMO_URL/readyz" || { cat "$dir/server.log" >&2 && return 1; }
}
