#!/bin/bash
# Installs nginx with one site. Run again it changes what differs from the inputs, and nothing else.
set -euo pipefail
umask 022

SERVER_NAME=${SERVER_NAME:-}
ADMIN_EMAIL=${ADMIN_EMAIL:-}
HTTP_PORT=${HTTP_PORT:-80}
ENABLE_SSL=${ENABLE_SSL:-true}
HTTPS_PORT=${HTTPS_PORT:-443}

site=/etc/nginx/sites-available/provisioned
link=/etc/nginx/sites-enabled/provisioned
tls=/etc/nginx/tls
pid_file=/run/nginx.pid
pages=/var/www/provisioned
marker='<!-- Written by the installer, which replaces this page for as long as it finds this line. -->'

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

# --- nginx ----------------------------------------------------------------------------------------------------

check_inputs() {
    local port
    [[ $SERVER_NAME =~ ^[a-z0-9-]+(\.[a-z0-9-]+)*$ && ${#SERVER_NAME} -le 253 ]] ||
        stop 1 "SERVER_NAME '$SERVER_NAME' is not a host name of small letters, digits and hyphens between dots"
    [[ $ADMIN_EMAIL == ?*@?* && $ADMIN_EMAIL != *[[:cntrl:]]* ]] ||
        stop 1 "ADMIN_EMAIL '$ADMIN_EMAIL' is not an e-mail address"
    [[ $ENABLE_SSL == true || $ENABLE_SSL == false ]] || stop 1 "ENABLE_SSL '$ENABLE_SSL' is neither true nor false"
    for port in "$HTTP_PORT" "$HTTPS_PORT"; do
        [[ $port =~ ^[1-9][0-9]{0,4}$ && $port -le 65535 ]] || stop 1 "'$port' is not a port (1-65535)"
    done
    [[ $ENABLE_SSL == false || $HTTP_PORT != "$HTTPS_PORT" ]] ||
        stop 1 "HTTP_PORT and HTTPS_PORT are both '$HTTP_PORT'; they must differ"
}

listen() {
    printf '    listen %s;\n' "$*"
    [[ ! -s /proc/net/if_inet6 ]] || printf '    listen [::]:%s;\n' "$*"
}

site_text() {
    printf '# Written by the installer of nginx, which replaces it whenever it runs. Contact: %s\n' "$ADMIN_EMAIL"
    printf 'server {\n'
    listen "$HTTP_PORT"
    if [[ $ENABLE_SSL == true ]]; then
        listen "$HTTPS_PORT" ssl
        printf '    ssl_certificate %s/site.crt;\n    ssl_certificate_key %s/site.key;\n' "$tls" "$tls"
    fi
    printf '    server_name %s;\n    root %s;\n    index index.html;\n}\n' "$SERVER_NAME" "$pages"
}

page_text() {
    local contact=$ADMIN_EMAIL
    contact=${contact//&/"&amp;"}
    contact=${contact//</"&lt;"}
    contact=${contact//>/"&gt;"}
    printf '%s\n<!doctype html>\n<meta charset="utf-8">\n<title>%s</title>\n' "$marker" "$SERVER_NAME"
    printf '<h1>%s</h1>\n<p>nginx is installed and serves this page. Contact: %s</p>\n' "$SERVER_NAME" "$contact"
}

write_page() {
    mkdir -p "$pages"
    if [[ -e $pages/index.html && $(head -n 1 "$pages/index.html") != "$marker" ]]; then
        printf 'kept: %s is not the installer'\''s any more\n' "$pages/index.html"
    else
        place "$pages/index.html" 644 < <(page_text)
    fi
}

# The certificate is ours to replace only where we made it, and only when it is for another name or nearly over.
write_certificate() {
    local san=DNS:$SERVER_NAME subject='/O=Self-signed by the installer'
    [[ ! $SERVER_NAME =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] || san=IP:$SERVER_NAME
    ((${#SERVER_NAME} > 64)) || subject+="/CN=$SERVER_NAME" # a common name may not be longer
    if [[ -s $tls/site.crt && -s $tls/site.key ]]; then
        if ! openssl x509 -in "$tls/site.crt" -noout -issuer | grep 'Self-signed by the installer' >/dev/null; then
            printf 'kept: %s is not the installer'\''s\n' "$tls/site.crt"
            return
        fi
        if openssl x509 -in "$tls/site.crt" -noout -checkend 2592000 >/dev/null &&
            openssl x509 -in "$tls/site.crt" -noout -ext subjectAltName |
            grep -xE " *(DNS|IP Address):$SERVER_NAME" >/dev/null; then
            printf 'unchanged: %s\n' "$tls/site.crt"
            return
        fi
    fi
    mkdir -p "$tls"
    chmod 700 "$tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "$subject" \
        -addext "subjectAltName=$san" -keyout "$tls/new.key" -out "$tls/new.crt" 2>/dev/null ||
        stop 2 "openssl could not make a certificate for '$SERVER_NAME'"
    mv -f "$tls/new.key" "$tls/site.key"
    mv -f "$tls/new.crt" "$tls/site.crt"
    printf 'written: %s, self-signed for %s\n' "$tls/site.crt" "$SERVER_NAME"
}

# The site as it was, should nginx refuse the new one.
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT

remember_site() {
    [[ ! -e $site ]] || cp -p "$site" "$before/site"
    [[ ! -L $link ]] || cp -P "$link" "$before/link"
    [[ ! -L /etc/nginx/sites-enabled/default ]] || cp -P /etc/nginx/sites-enabled/default "$before/default"
}

restore_site() {
    rm -f "$site" "$link"
    [[ ! -e $before/site ]] || cp -p "$before/site" "$site"
    [[ ! -L $before/link ]] || cp -P "$before/link" "$link"
    [[ ! -L $before/default ]] || cp -Pf "$before/default" /etc/nginx/sites-enabled/default
    printf 'restored: the site as it was\n'
}

write_site() {
    # The distribution's own first page goes when ours comes; whoever enables it again later may keep it.
    if [[ ! -e $site && $(readlink /etc/nginx/sites-enabled/default) == /etc/nginx/sites-available/default ]]; then
        rm -f /etc/nginx/sites-enabled/default
        printf 'disabled: /etc/nginx/sites-enabled/default\n'
    fi
    place "$site" 644 < <(site_text)
    if [[ $(readlink "$link") != "$site" ]]; then
        ln -sfn "$site" "$link"
        printf 'enabled: %s\n' "$link"
    fi
}

start_nginx() {
    if [[ $(systemctl is-enabled nginx 2>/dev/null) != enabled ]]; then
        systemctl enable --quiet nginx || stop 3 'nginx cannot be enabled'
        printf 'enabled: nginx starts with the server\n'
    fi
    # Judged by the files and not by what this run did: an earlier run may have been cut off before it restarted nginx.
    if systemctl is-active --quiet nginx && [[ ! $site -nt $pid_file && ! $tls/site.crt -nt $pid_file ]]; then
        printf 'unchanged: nginx is running\n'
        return
    fi
    # No reload, which says nothing of a port that cannot be had; and systemd's limit of starts is not for these.
    systemctl reset-failed nginx 2>/dev/null || true
    systemctl restart nginx || return 1
    printf 'restarted: nginx\n'
}

answers() {
    local scheme=$1 port=$2 reply
    if [[ $scheme == http ]]; then
        { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
        printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' "$SERVER_NAME" >&3
        read -r -t 10 reply <&3
        exec 3>&-
    else
        reply=$(printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' "$SERVER_NAME" |
            timeout 10 openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null | head -n 1)
    fi
    [[ $reply == HTTP/1.* ]] || return 1
    printf 'answers: %s on port %s: %s\n' "$scheme" "$port" "${reply%$'\r'}"
}

check_inputs
step 10 'installing packages'
if [[ $ENABLE_SSL == true ]]; then need_packages nginx openssl; else need_packages nginx; fi

step 60 'configuring the site'
write_page
if [[ $ENABLE_SSL == true ]]; then write_certificate; fi
remember_site
write_site
nginx -t -q || { restore_site; stop 3 'nginx refuses its configuration (nginx -t)'; }

step 80 'starting nginx'
start_nginx || {
    journalctl --quiet --no-pager --output cat --unit nginx --lines 5 >&2 || true
    restore_site
    systemctl reset-failed nginx
    systemctl restart nginx || true
    stop 3 'nginx does not start with the new site'
}
answers http "$HTTP_PORT" || stop 3 "nothing answers on port $HTTP_PORT"
[[ $ENABLE_SSL == false ]] || answers https "$HTTPS_PORT" || stop 3 "nothing answers on port $HTTPS_PORT"
step 100 "nginx serves $SERVER_NAME"
