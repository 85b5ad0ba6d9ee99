#!/usr/bin/env bash
# Runs a denas command on a freshly made Debian 12 and says what the newcomer waited for.
#
#   tools/fresh_machine.sh [--work DIR] [--keep-lists] [--user] [COMMAND …]
#                                             default COMMAND: ./denas doctor
#
# debootstrap makes a minimal Debian 12 with Debian's own nodejs and npm, once, under --work
# (default: a folder in TMPDIR); each call runs in a new copy of it, in mount and process
# namespaces of its own. The copy takes over how this machine reaches its mirrors: apt sources of
# bookworm, apt's proxy settings, npm configuration, certificates, proxy variables. No Deno, no
# Vulkan, no data set. The tracked and untracked files of this checkout are copied in (what git
# ignores is not). Needs root, debootstrap, unshare.
#
#   --keep-lists   leave apt's package lists in place (default: none, as in a container image)
#   --user         run as an ordinary user without sudo instead of root
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=${TMPDIR:-/tmp}/denas-fresh
lists=remove
user=root
while [ $# -gt 0 ]; do
  case $1 in
    --work) work=$2; shift 2 ;;
    --keep-lists) lists=keep; shift ;;
    --user) user=newcomer; shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- ./denas doctor
[ "$(id -u)" = 0 ] || { echo "Cannot make a fresh machine: not root, expected root" >&2; exit 1; }
for tool in debootstrap unshare; do
  command -v "$tool" >/dev/null || { echo "Cannot make a fresh machine: $tool not found; apt-get install debootstrap util-linux" >&2; exit 1; }
done
mkdir -p "$work"

debian_sources() { # the files that name bookworm itself, not backports or other vendors
  { grep -rlsE '^[^#]*\bbookworm\b' /etc/apt/sources.list /etc/apt/sources.list.d || true; } |
    while read -r file; do
      if grep -qE '^[^#]*(bookworm-backports)' "$file" || ! grep -q debian "$file"; then continue; fi
      case $file in *.list | *.sources) echo "$file" ;; esac
    done
}

make_base() {
  local base=$work/base mirror
  mirror=$(debian_sources | xargs -r grep -hoE '^[^#]*https?://[^ ]+/debian/?' | grep -oE 'https?://.*' | sed -n 1p)
  echo "making a Debian 12 in $base …" >&2
  rm -rf "$base.new"
  debootstrap --variant=minbase bookworm "$base.new" "${mirror:-http://deb.debian.org/debian}" >"$work/debootstrap.log"
  cp /etc/resolv.conf "$base.new/etc/resolv.conf"
  if [ -n "$(debian_sources)" ]; then
    : >"$base.new/etc/apt/sources.list"
    debian_sources | while read -r file; do cp "$file" "$base.new$file"; done
  fi
  for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    if grep -qsE 'Proxy|Check-Valid-Until|Check-Date' "$file"; then cp "$file" "$base.new$file"; fi
  done
  chroot "$base.new" apt-get -q update >>"$work/debootstrap.log"
  chroot "$base.new" env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
    nodejs npm ca-certificates >>"$work/debootstrap.log" 2>&1
  cp -r /usr/local/share/ca-certificates "$base.new/usr/local/share/"
  chroot "$base.new" update-ca-certificates >>"$work/debootstrap.log" 2>&1
  chroot "$base.new" apt-get clean
  chroot "$base.new" useradd -m newcomer
  for home in root home/newcomer; do
    if [ -f "$HOME/.npmrc" ]; then install -m 644 "$HOME/.npmrc" "$base.new/$home/.npmrc"; fi
  done
  mv "$base.new" "$base"
}

[ -d "$work/base" ] || make_base

fresh=$work/run
home=/root
[ "$user" = root ] || home=/home/$user
rm -rf "$fresh"
cp -a "$work/base" "$fresh"
[ "$lists" = keep ] || rm -rf "$fresh"/var/lib/apt/lists/*
mkdir "$fresh$home/denas"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf -) |
  tar -C "$fresh$home/denas" -xf -
chown -R --reference="$fresh$home" "$fresh$home/denas"

passed=(HOME="$home" USER="$user" TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
while IFS= read -r variable; do passed+=("$variable"); done < <(
  env | grep -iE '^(https?_proxy|no_proxy|npm_config_[a-z_]*|ssl_cert_file|node_extra_ca_certs)=' || true
)

# Each line with the seconds since the command was typed; stdout and stderr together.
stamp() {
  while IFS= read -r line || [ -n "$line" ]; do
    now=${EPOCHREALTIME/./}
    printf '%8.2f  %s\n' "$(((now - start) / 10000))e-2" "$line"
  done
}

start=${EPOCHREALTIME/./}
status=0
unshare --mount --pid --fork --kill-child bash -c '
  set -e
  fresh=$1 user=$2 home=$3; shift 3
  mount --make-rprivate /
  mount -t proc proc "$fresh/proc"
  mount --rbind /dev "$fresh/dev"
  exec chroot --userspec="$user:$user" "$fresh" env -i "$@"
' fresh "$fresh" "$user" "$home" "${passed[@]}" \
  sh -c 'cd "$HOME/denas" && exec "$@"' sh "$@" </dev/null 2>&1 | stamp || status=${PIPESTATUS[0]}

megabytes() { du -sm "$@" 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; }
{
  echo
  echo "exit code $status"
  echo "apt: $(grep -hoE 'Need to get .*B (of archives|/)' "$fresh$home/.cache/denas/install.log" 2>/dev/null | tr '\n' ';') lists $(megabytes "$fresh/var/lib/apt/lists") MB on disk"
  echo "npm cache (Deno itself): $(megabytes "$fresh$home/.npm/_cacache") MB; Deno's own cache, unpacked: $(megabytes "$fresh$home/.cache/deno") MB"
  echo "left in $fresh"
} >&2
exit "$status"
