# Sourced by scripts/run and scripts/server-test: starts Redis, a panel and servers with agents, and ends them again.
# shellcheck shell=bash disable=SC2317 # functions that are handed on by name, and the trap's

as_root=()
[[ $EUID -eq 0 ]] || as_root=(sudo)
step() { printf '==> %s\n' "$*"; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

folder="" redis="" panel="" agent="" servers=()
token=$(openssl rand -hex 24)
secret=$(openssl rand -hex 32)
port=${PANEL_PORT:-5000}
url=http://127.0.0.1:$port

# What is started is ended, whatever happens: `trap clean_up EXIT` once `open_folder` was called.
open_folder() {
    folder=$(mktemp -d "${TMPDIR:-/tmp}/provision.XXXXXX")
    mkdir -m 700 "$folder/redis"
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}
clean_up() {
    trap '' HUP INT TERM
    [[ $folder ]] || return 0
    printf '\n'
    step "stopping"
    local name process
    for name in "${servers[@]}"; do "${as_root[@]}" scripts/server off "$name" || true; done
    [[ -z $agent ]] || "${as_root[@]}" kill "$agent" 2>/dev/null || true
    for process in $panel $redis; do kill "$process" 2>/dev/null || true; done
    for process in $agent $panel $redis; do wait "$process" 2>/dev/null || true; done
    "${as_root[@]}" rm -rf "$folder"
    folder=""
}

# Starts a program in the background, out of reach of this terminal's Ctrl-C: what ends it is `clean_up`. In `$!` is
# the program itself, because a background process leads no group and setsid need not fork.
detached() { exec setsid "$@"; }

# Waits, up to so many seconds, until the command succeeds.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}
alive() { kill -0 "$1" 2>/dev/null; }
tail_of() { tail -n 3 "$1" 2>/dev/null; }

start_redis() {
    step "Redis on a Unix socket"
    detached redis-server --port 0 --unixsocket "$folder/redis/redis.sock" --unixsocketperm 700 --save '' --appendonly no \
        --dir "$folder/redis" >"$folder/redis.log" 2>&1 &
    redis=$!
    until_true 10 test -S "$folder/redis/redis.sock" || fail "Redis did not start: $(tail_of "$folder/redis.log")"
}

# start_panel PROGRAMS
start_panel() {
    step "panel on $url"
    SECRET_KEY=$secret PANEL_TOKEN=$token PANEL_PORT=$port REDIS_URL=unix://$folder/redis/redis.sock \
        PANEL_DATABASE=$folder/panel.sqlite PANEL_INSTALLERS=$PWD/installers \
        detached "$1/PanelServer" >"$folder/panel.log" 2>&1 &
    panel=$!
    until_true 15 panel_answers || fail "the panel does not answer: $(tail_of "$folder/panel.log")"
}
panel_answers() {
    alive "$panel" || fail "the panel did not start: $(tail_of "$folder/panel.log")"
    curl -sf "$url/api/health" >/dev/null
}

# start_server NAME AGENT PROGRAMS [OPTION...]: boots a Debian and starts the agent in it, as a systemd service.
start_server() {
    local name=$1 id=$2 programs=$3
    shift 3
    step "a throw-away Debian server"
    [[ -d $folder/bundle ]] || scripts/bundle "$programs" "$folder/bundle"
    "${as_root[@]}" scripts/server base >/dev/null
    servers+=("$name")
    "${as_root[@]}" scripts/server boot "$name" --private-network --bind "$folder/redis:/run/provision-redis" \
        --bind-ro "$folder/bundle:/usr/local/lib/provisioning" \
        --bind-ro "$PWD/installers:/usr/local/share/provisioning/installers" "$@" | sed 's/^/    /'
    step "agent $id as a systemd service in it"
    printf 'AGENT_ID=%s\nSECRET_KEY=%s\nREDIS_URL=unix:///run/provision-redis/redis.sock\n' "$id" "$secret" |
        inside "$name" sh -c 'umask 077; mkdir -p /etc/provisioning; cat >/etc/provisioning/agent.env'
    inside "$name" cp /usr/local/lib/provisioning/provisioning-agent.service /etc/systemd/system/
    inside "$name" systemctl --quiet enable --now provisioning-agent ||
        fail "the agent did not start: $(inside "$name" journalctl -qu provisioning-agent -n 5 -o cat)"
    until_true 20 knows "$id" || fail "the agent did not announce itself: $(inside "$name" tail -n 3 /var/log/provisioning/agent.log)"
}
inside() { "${as_root[@]}" scripts/server exec "$@"; }

api() { curl -sS --max-time 40 -H "Authorization: Bearer $token" "$@"; }
knows() { api "$url/api/servers" | jq -e --arg id "$1" '.servers[] | select(.server_id == $id)' >/dev/null; }

# submit APP BODY: sends an install request and sets `job`.
submit() {
    local answer
    answer=$(api -X POST "$url/api/apps/$1/install" -H "Content-Type: application/json" -d "$2")
    job=$(jq -er .job_id <<<"$answer") || fail "the request was not accepted: $answer"
}

# follow: prints what the job's script writes until it is over, and sets `status`.
follow() {
    local attempt=1 after=0 page
    while page=$(api "$url/api/jobs/$job/log?attempt=$attempt&after=$after&wait=20"); do
        jq -j '.records[].text' <<<"$page" | sed 's/^/    /'
        read -r attempt after < <(jq -r '"\(.next_attempt) \(.next_after)"' <<<"$page")
        [[ $(jq .complete <<<"$page") == false ]] || break
    done
    status=$(api "$url/api/jobs/$job" | jq -r .status)
    step "job $job $status"
}
