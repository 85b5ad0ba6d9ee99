#!/usr/bin/env bash
# Packs one run on a machine that has a graphics card and its driver, but no network.
#
#   tools/card.sh pack [OUT.tar]            default OUT.tar: denas-card.tar here
#   tools/card.sh prove PACK.tar [--limit SECONDS] [--only PART,…]
#
# `pack` takes the tracked and untracked files of this checkout (what git ignores is not), Deno, the
# npm packages that the parts of the run import, the Vulkan loader and the X11 libraries that
# NVIDIA's driver links to, and 16,000 images of Fashion-MNIST, found or downloaded now. There:
#
#   tar xf denas-card.tar && denas-card/run
#
# which runs what tools/card/parts.ts lists and writes denas-card/card.json.
#
# `prove` runs a pack in an empty root without network, where software Vulkan of this machine is
# bound in place of a card's driver, and leaves card.json beside the pack. Needs root, unshare.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/denas-card.XXXXXX")
trap 'rm -rf "$work"' EXIT
most=60000000 # bytes of a pack
# Of a minimal system, what the loader, NVIDIA's driver, Deno and xz link to.
libraries="libvulkan.so.1 libX11.so.6 libXext.so.6 libxcb.so.1 libXau.so.6 libXdmcp.so.6 libbsd.so.0
  libmd.so.0 libGLdispatch.so.0 libgcc_s.so.1 liblzma.so.5"

fail() { echo "$1" >&2; exit 1; }

library() { # the file of a library on this machine
  local found
  found=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk -v name="$1" '$1 == name && /x86-64|AArch64/ { print $NF; exit }')
  [ -n "$found" ] || fail "Cannot pack $1: this machine does not have it; apt-get install libvulkan1 libxext6 libglvnd0 libgcc-s1 xz-utils"
  readlink -f "$found"
}

pack() {
  local out=${1:-denas-card.tar} pack=$work/denas-card deno cache packed
  deno=$(deno eval --no-config 'console.log(Deno.execPath())') || fail "Cannot pack Deno: it is not on PATH"
  mkdir -p "$pack/lib" "$pack/tree" "$pack/data" "$pack/deno"
  for name in $libraries; do cp "$(library "$name")" "$pack/lib/$name"; done
  cp "$(command -v xz)" "$pack/xz"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard |
    tar --null --ignore-failed-read --exclude=docs/img -T - -cf -) | tar -C "$pack/tree" -xf -
  (cd "$root" && deno run -q -A tools/card/gather.ts "$pack")
  cp "$root/tools/card/run" "$pack/run"
  tar -C "$pack" -c tree deno data | xz -T0 -6 >"$pack/rest.tar.xz"
  rm -rf "$pack/tree" "$pack/deno" "$pack/data"
  # Deno takes a minute to pack, so the result is kept.
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/denas
  packed=$cache/deno-$(cksum <"$deno" | tr ' ' -).xz
  mkdir -p "$cache"
  if [ ! -f "$packed" ]; then
    xz -T0 -6 -c "$deno" >"$packed.new"
    mv "$packed.new" "$packed"
  fi
  cp "$packed" "$pack/deno.xz"
  tar -C "$work" -cf "$work/pack.tar" denas-card
  local size
  size=$(stat -c %s "$work/pack.tar")
  (cd "$pack" && du -ab . | sort -n | awk '$1 > 100000 { printf "%8.2f MB  %s\n", $1 / 1e6, $2 }')
  [ "$size" -le "$most" ] || fail "Cannot pack into $out: $size bytes, expected at most $most; see the sizes above"
  mv "$work/pack.tar" "$out"
  echo "$out: $size bytes; there: tar xf ${out##*/} && denas-card/run"
}

# An empty root: the programs and libraries of a minimal system, no home, no caches, no Vulkan loader.
prove() {
  local pack fresh=$work/root
  pack=$(readlink -f "$1"); shift
  [ "$(id -u)" = 0 ] || fail "Cannot prove a pack: not root, expected root"
  mkdir -p "$fresh"/{bin,lib,lib64,proc,dev,tmp,root,driver,etc} "$fresh/usr/share/vulkan/icd.d"
  for program in sh tar awk sed cat chmod mkdir rm ln cp dirname readlink uname tail env id date; do
    add_program "$fresh" "$program"
  done
  # The C library's parts that Deno links to.
  add_linked "$(deno eval --no-config 'console.log(Deno.execPath())')" "$fresh/lib"
  rm "$fresh/lib/libgcc_s.so.1"
  local driver
  driver=$(library libvulkan_lvp.so)
  add_linked "$driver" "$fresh/driver"
  cp "$driver" "$fresh/driver/libvulkan_lvp.so"
  printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "/driver/libvulkan_lvp.so", "api_version": "1.4.0"}}\n' \
    >"$fresh/usr/share/vulkan/icd.d/lvp_icd.json"
  tar -C "$fresh/root" -xf "$pack"
  local status=0
  unshare --mount --net --pid --fork --kill-child bash -c '
    set -e
    fresh=$1; shift
    mount --make-rprivate /
    mount -t proc proc "$fresh/proc"
    mount --rbind /dev "$fresh/dev"
    exec chroot "$fresh" /bin/env -i PATH=/bin LD_LIBRARY_PATH=/driver /root/denas-card/run "$@"
  ' fresh "$fresh" "$@" </dev/null || status=$?
  cp "$fresh/root/denas-card/card.json" "${pack%.tar}.json"
  echo "exit code $status; ${pack%.tar}.json" >&2
  return "$status"
}

add_program() { # add_program ROOT NAME: the program with its libraries
  local file
  file=$(readlink -f "$(command -v "$2")")
  cp "$file" "$1/bin/$2"
  add_linked "$file" "$1/lib"
  cp -L "$(ldd "$file" | awk '$1 ~ /^\/.*ld-linux/ { print $1 }')" "$1/lib64/"
}

add_linked() { # add_linked FILE FOLDER: the libraries that it links to
  ldd "$1" | awk '$2 == "=>" { print $3 }' | while read -r file; do cp -L "$file" "$2/"; done
}

case ${1:-} in
  pack) shift; pack "$@" ;;
  prove) shift; [ $# -gt 0 ] || fail "Cannot prove a pack: none is named, expected PACK.tar"; prove "$@" ;;
  *) sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac
