#!/bin/bash
# Installs the distribution's Docker engine with Compose. Run again it changes what differs from the inputs, and nothing
# else.
set -euo pipefail
umask 022

LOG_MAX_SIZE=${LOG_MAX_SIZE:-10m}
LOG_MAX_FILES=${LOG_MAX_FILES:-3}
ENABLE_ON_BOOT=${ENABLE_ON_BOOT:-true}

settings=/etc/docker/daemon.json
pid_file=/run/docker.pid

# --- what every installer here does the same way --------------------------------------------------------------

stop() { printf 'error: %s\n' "$2" >&2; exit "$1"; }

step() {
    printf '== %s\n' "$2"
    [[ -z ${PROVISION_PROGRESS_FILE:-} ]] || printf '%s %s\n' "$1" "$2" >>"$PROVISION_PROGRESS_FILE"
}

# Standard input becomes the file, at once and only where it differs.
place() {
    local file=$1 mode=$2 text new
    text=$(cat && printf .) # the dot keeps the last line's end
    if printf %s "${text%.}" | cmp -s - "$file"; then
        printf 'unchanged: %s\n' "$file"
    else
        new=$(mktemp "$(dirname "$file")/.new.XXXXXX")
        printf %s "${text%.}" >"$new"
        chmod "$mode" "$new"
        mv -f "$new" "$file"
        printf 'written: %s\n' "$file"
    fi
}

is_installed() { [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

need_packages() {
    local package missing=()
    for package; do
        if is_installed "$package"; then printf 'already installed: %s\n' "$package"; else missing+=("$package"); fi
    done
    ((${#missing[@]})) || return 0
    # A run that was cut off may have left packages half configured.
    dpkg --configure -a --force-confdef --force-confold || true
    refresh_lists || stop 100 'apt-get update failed'
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef \
        -o Dpkg::Options::=--force-confold install --no-install-recommends "${missing[@]}" ||
        stop 100 "apt-get could not install ${missing[*]}"
    printf 'installed: %s\n' "${missing[*]}"
}

# DPkg::Lock::Timeout does not cover the lock of the package lists.
refresh_lists() {
    local tries output
    for ((tries = 60; ; tries--)); do
        ! output=$(apt-get -qq update 2>&1) || return 0
        [[ $output == *lists/lock* && $tries -gt 0 ]] || break
        sleep 5
    done
    printf '%s\n' "$output" >&2
    return 1
}

# --- docker ---------------------------------------------------------------------------------------------------

check_inputs() {
    [[ $LOG_MAX_SIZE =~ ^[1-9][0-9]{0,5}[kmg]$ ]] || stop 1 "LOG_MAX_SIZE '$LOG_MAX_SIZE' is not a size such as 10m"
    [[ $LOG_MAX_FILES =~ ^[1-9][0-9]{0,2}$ ]] || stop 1 "LOG_MAX_FILES '$LOG_MAX_FILES' is not a number from 1 to 999"
    [[ $ENABLE_ON_BOOT == true || $ENABLE_ON_BOOT == false ]] ||
        stop 1 "ENABLE_ON_BOOT '$ENABLE_ON_BOOT' is neither true nor false"
}

is_offered() { [[ $(apt-cache policy "$1") == *'Candidate: '[!\(]* ]]; } # what others merely provide has '(none)'
compose_version() { docker compose version --short 2>/dev/null || docker-compose version --short 2>/dev/null; }

# An engine or a Compose from elsewhere stays. The distributions' own packages differ in name.
need_docker() {
    local packages=()
    is_offered docker.io || refresh_lists || stop 100 'apt-get update failed'
    if is_installed docker-ce; then
        printf 'already installed: docker-ce\n'
    else
        # Without the two a container is neither confined nor fetched; docker.io merely recommends them.
        packages+=(docker.io apparmor ca-certificates)
        if is_offered docker-cli; then packages+=(docker-cli); fi
    fi
    if compose_version >/dev/null; then
        printf 'already installed: compose %s\n' "$(compose_version)"
    elif is_offered docker-compose-v2; then
        packages+=(docker-compose-v2)
    else
        packages+=(docker-compose)
    fi
    need_packages "${packages[@]}"
}

settings_text() {
    printf '{\n  "live-restore": true,\n  "log-driver": "json-file",\n  "log-opts": {\n'
    printf '    "max-file": "%s",\n    "max-size": "%s"\n  }\n}\n' "$LOG_MAX_FILES" "$LOG_MAX_SIZE"
}

# JSON has no place for a mark, so the file is the installer's where nothing but the inputs differs from what it writes.
is_ours() {
    local values='s/("max-(file|size)": )"[0-9a-z]+"/\1/'
    cmp -s <(sed -E "$values" "$settings") <(settings_text | sed -E "$values")
}

write_settings() {
    mkdir -p "${settings%/*}"
    [[ ! -e $settings ]] || is_ours ||
        stop 3 "'$settings' is not, or no longer, this installer's; move it away or bring it in line by hand"
    [[ ! -e $settings ]] || cp -p "$settings" "$before/settings"
    place "$settings" 644 < <(settings_text)
}

restore_settings() {
    rm -f "$settings"
    [[ ! -e $before/settings ]] || cp -p "$before/settings" "$settings"
    printf 'restored: the settings as they were\n'
    restart_docker || true
}

restart_docker() {
    systemctl reset-failed docker.service docker.socket 2>/dev/null || true
    systemctl restart docker.service
}

choose_boot() {
    local verb=enable unit
    [[ $ENABLE_ON_BOOT == true ]] || verb=disable
    for unit in docker.service docker.socket; do
        [[ $(systemctl is-enabled "$unit" 2>/dev/null) != "${verb}d" ]] || continue
        systemctl "$verb" --quiet "$unit" || stop 3 "$unit cannot be ${verb}d"
        printf '%sd: %s\n' "$verb" "$unit"
    done
}

start_docker() {
    # Judged by the files and not by what this run did: an earlier run may have been cut off before the restart.
    if systemctl is-active --quiet docker.service && [[ ! $settings -nt $pid_file ]]; then
        printf 'unchanged: docker is running\n'
        return
    fi
    restart_docker || return 1
    printf 'restarted: docker\n'
}

check_inputs
step 10 'installing packages'
need_docker

step 70 'configuring the engine'
before=$(mktemp -d) # the settings as they were, should the engine not start with the new ones
trap 'rm -rf "$before"' EXIT
write_settings
choose_boot

step 80 'starting docker'
start_docker || {
    journalctl --quiet --no-pager --output cat --unit docker.service --lines 10 >&2 || true
    restore_settings
    stop 3 'docker does not start'
}
version=$(docker version --format '{{.Server.Version}}') || stop 3 'docker does not answer'
printf 'answers: docker %s, compose %s\n' "$version" "$(compose_version)"
step 100 'docker is ready'
