#!/bin/bash
# Installs the distribution's MySQL or MariaDB with one database and its user. Run again it changes what differs from
# the inputs, and nothing else.
set -euo pipefail
umask 022

DATABASE_NAME=${DATABASE_NAME:-}
DATABASE_USER=${DATABASE_USER:-}
DATABASE_PORT=${DATABASE_PORT:-3306}
# No child needs it, least of all the scripts of packages: it goes to the client alone, and never by its arguments.
password=${DATABASE_PASSWORD:-}
unset DATABASE_PASSWORD

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

# --- mysql ----------------------------------------------------------------------------------------------------

check_inputs() {
    local word='^[a-z][a-z0-9_]*$'
    [[ $DATABASE_NAME =~ $word && ${#DATABASE_NAME} -le 64 ]] ||
        stop 1 "DATABASE_NAME '$DATABASE_NAME' is not a word of small letters, digits and underscores, at most 64"
    [[ $DATABASE_USER =~ $word && ${#DATABASE_USER} -le 32 ]] ||
        stop 1 "DATABASE_USER '$DATABASE_USER' is not a word of small letters, digits and underscores, at most 32"
    case $DATABASE_NAME in
        mysql | sys | information_schema | performance_schema)
            stop 1 "DATABASE_NAME '$DATABASE_NAME' is the server's own database" ;;
    esac
    case $DATABASE_USER in
        root | mysql | mariadb) stop 1 "DATABASE_USER '$DATABASE_USER' is the server's own account" ;;
    esac
    [[ $password && $password != *[[:cntrl:]]* ]] ||
        stop 1 'DATABASE_PASSWORD must be given, without line breaks and control characters'
    [[ $DATABASE_PORT =~ ^[1-9][0-9]{0,4}$ && $DATABASE_PORT -le 65535 ]] ||
        stop 1 "DATABASE_PORT '$DATABASE_PORT' is not a port (1-65535)"
}

need_server() {
    local installed
    installed=$(dpkg-query --show --showformat '${db:Status-Status}: ${Package}\n' 'mariadb-server*' 'mysql-*server*' \
        2>/dev/null |
        grep -xE 'installed: (mariadb-server(-[0-9.]+)?|mysql-server-[0-9.]+|mysql-community-server)') || true
    if [[ $installed ]]; then
        printf 'already %s\n' "$installed"
    else
        need_packages default-mysql-server # MySQL on Ubuntu, MariaDB on Debian
    fi
    # MariaDB has MySQL's commands as well, MySQL does not have MariaDB's.
    if command -v mariadb >/dev/null; then
        service=mariadb client=mariadb settings=/etc/mysql/mariadb.conf.d/90-provisioned.cnf
    else
        service=mysql client=mysql settings=/etc/mysql/mysql.conf.d/90-provisioned.cnf
    fi
}

# Nothing where root may not log in, which shows later.
running_port() {
    "$client" --protocol=socket --batch --skip-column-names --execute='SELECT @@port' 2>/dev/null
}

start_server() {
    if [[ $(systemctl is-enabled "$service" 2>/dev/null) != enabled ]]; then
        systemctl enable --quiet "$service" || stop 3 "$service cannot be enabled"
        printf 'enabled: %s starts with the server\n' "$service"
    fi
    # Judged by what the server says, not by what this run wrote: an earlier one may have been cut off in between.
    if systemctl is-active --quiet "$service" && [[ $(running_port) == @("$DATABASE_PORT"|) ]]; then
        printf 'unchanged: %s is running\n' "$service"
        return
    fi
    systemctl reset-failed "$service" 2>/dev/null || true
    systemctl restart "$service" || return 1
    printf 'restarted: %s\n' "$service"
}

restore_settings() {
    rm -f "$settings"
    [[ ! -e $before/settings ]] || cp -p "$before/settings" "$settings"
    printf 'restored: the settings as they were\n'
    systemctl reset-failed "$service"
    systemctl restart "$service" || true
}

# Answers what the user may do when logged in with the password; fails where the login does.
grants_over() {
    MYSQL_PWD=$password "$client" --no-defaults --default-character-set=utf8mb4 --batch --raw --skip-column-names \
        --user="$DATABASE_USER" "$@" --execute="SET SESSION sql_mode = ''; SHOW GRANTS" "$DATABASE_NAME" 2>/dev/null
}

# An underscore in a grant stands for any character unless it is escaped.
granted="\`${DATABASE_NAME//_/\\_}\`.*"

is_ready() {
    local way
    for way in --protocol=socket "--host=127.0.0.1 --protocol=tcp --port=$DATABASE_PORT"; do
        # shellcheck disable=SC2086 # several options
        grants_over $way | grep -F "GRANT ALL PRIVILEGES ON $granted TO " >/dev/null || return 1
    done
}

# MySQL keeps passwords out of its logs; MariaDB writes statements as they came, so it gets the hash that it would keep.
# The literal is read as it is meant because mode and character set are set with it, whatever the server's settings say.
identified() {
    local quote=\' backslash=\\ literal=$password hash
    if [[ $client == mariadb ]]; then
        hash=$(printf %s "$password" | sha1sum | sed -E 's/ .*//; s/../\\x&/g')
        hash=$(printf %b "$hash" | sha1sum)
        hash=${hash%% *}
        printf "IDENTIFIED BY PASSWORD '*%s'" "${hash^^}"
    else
        literal=${literal//"$backslash"/"$backslash$backslash"}
        literal=${literal//"$quote"/"$backslash$quote"}
        printf "IDENTIFIED BY '%s'" "$literal"
    fi
}

statements() {
    local host proof
    proof=$(identified)
    printf "SET SESSION sql_log_off = 1;\nSET SESSION sql_mode = '';\n"
    printf 'CREATE DATABASE IF NOT EXISTS %s CHARACTER SET utf8mb4;\n' "\`$DATABASE_NAME\`"
    for host in localhost 127.0.0.1; do # the second for servers that do not look up names
        printf "CREATE USER IF NOT EXISTS '%s'@'%s' %s;\n" "$DATABASE_USER" "$host" "$proof"
        printf "ALTER USER '%s'@'%s' %s;\n" "$DATABASE_USER" "$host" "$proof"
        printf "GRANT ALL PRIVILEGES ON %s TO '%s'@'%s';\n" "$granted" "$DATABASE_USER" "$host"
    done
}

make_database() {
    local complaint
    # A complaint quotes the statement, which has the password in it: only its number is shown.
    if complaint=$(statements | "$client" --protocol=socket --default-character-set=utf8mb4 --batch 2>&1); then
        printf 'written: database %s and user %s\n' "$DATABASE_NAME" "$DATABASE_USER"
        return
    fi
    case $complaint in
        *'ERROR 1819 '*) stop 1 "the server's password policy refuses DATABASE_PASSWORD (error 1819)" ;;
        *'ERROR 1045 '* | *'ERROR 1698 '*) stop 3 "root may not log in to $service over its socket" ;;
        *'ERROR '[0-9]*)
            complaint=${complaint##*ERROR }
            stop 3 "$service refuses the statements (error ${complaint%% *})" ;;
        *) stop 3 "$client did not reach $service" ;;
    esac
}

check_inputs
step 10 'installing packages'
need_server

step 60 'configuring the server'
before=$(mktemp -d) # the settings as they were, should the server not start with the new ones
trap 'rm -rf "$before"' EXIT
[[ ! -e $settings ]] || cp -p "$settings" "$before/settings"
place "$settings" 644 <<TEXT
# Written by the installer of mysql, which replaces it whenever it runs.
[mysqld]
port = $DATABASE_PORT
[client]
port = $DATABASE_PORT
TEXT
start_server || {
    journalctl --quiet --no-pager --output cat --unit "$service" --lines 10 >&2 || true
    restore_settings
    stop 3 "$service does not start with the new settings"
}

step 80 'making the database'
if is_ready; then
    printf 'unchanged: database %s and user %s\n' "$DATABASE_NAME" "$DATABASE_USER"
else
    make_database
    is_ready || stop 3 "'$DATABASE_USER' cannot use '$DATABASE_NAME' over both the socket and 127.0.0.1:$DATABASE_PORT"
fi
step 100 "$service has database $DATABASE_NAME"
