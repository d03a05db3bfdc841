#!/bin/sh
# Installs a .deb of SkinKD in a clean Debian, uses it as an ordinary person does, upgrades and removes it.
# Usage: sh installers/linux/check.sh FILE.deb. Leaves a picture of the window in build/check/.
#
# The clean Debian (debootstrap, in build/root/) has no Python. The person has no rights and no network, and a home folder
# with blanks and letters beyond ASCII. Needs root, debootstrap, unshare, Xvfb, xdotool and ImageMagick; packages come
# from where this computer's own come from. Ends with 3 when this computer can not do it, having said why.
set -eu
cd "$(dirname "$0")/../.."
. installers/uv.sh

deb=$(readlink -f "${1:?the .deb to try}")
base=$PWD/build/root/base
root=$PWD/build/root/try
out=$PWD/build/check
display=:$((90 + $$ % 100))
home='/home/Ärztin Müller (Klinik 2)'
package=$(dpkg-deb --field "$deb" Package)

can_not() { say "Not tried in a clean Debian: $1"; exit 3; }
[ "$(id -u)" = 0 ] || can_not "that takes root (chroot)"
for tool in debootstrap unshare Xvfb xdotool import; do
    command -v "$tool" >/dev/null || can_not "$tool is missing"
done

step() { say "-- $*"; }
fails() { say "FAILED: $*" >&2; exit 1; }

# Runs a program in the clean Debian, as root and with the network.
as_root() {
    unshare --mount sh -c '
        root=$1; shift
        mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc"
        exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
    ' as_root "$root" "$@"
}

# Runs a program in the clean Debian, as the person and without a network.
as_person() {
    unshare --mount --net sh -c '
        root=$1 home=$2 display=$3; shift 3
        mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc"
        mkdir -p "$root/tmp/.X11-unix" && mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
        exec chroot --userspec=person "$root" /usr/bin/env -i --chdir="$home" PATH=/usr/bin:/bin HOME="$home" USER=person \
            LC_ALL=C.UTF-8 DISPLAY="$display" XDG_RUNTIME_DIR="$home/.runtime" "$@"
    ' as_person "$root" "$home" "$display" "$@"
}

install_deb() {
    cp "$1" "$root/tmp/skinkd.deb"
    as_root apt-get install --yes --quiet=2 --no-install-recommends /tmp/skinkd.deb >"$out/install.log" 2>&1 ||
        { tail -n 20 "$out/install.log"; fails "the package can not be installed"; }
    rm "$root/tmp/skinkd.deb"
}

make_root() {
    if [ ! -e "$base/etc/debian_version" ]; then
        step "Making a clean Debian"
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
        codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
        rm -rf "$base"
        debootstrap --variant=minbase "$codename" "$base" "$mirror" >"$out/debootstrap.log" 2>&1 ||
            can_not "debootstrap failed: $out/debootstrap.log"
    fi
    rm -rf "$root"
    cp -a "$base" "$root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    as_root apt-get update --quiet=2 >"$out/update.log" 2>&1 || can_not "Debian's packages can not be reached"
    as_root useradd --create-home --home-dir "$home" person
    as_root install -d -m 700 -o person "$home/.runtime"
}

# Opens the window and takes a picture of it; arguments are the program's.
look() {
    picture=$1; shift
    as_person skinkd "$@" >"$out/window.log" 2>&1 &
    window=$!
    DISPLAY=$display timeout 60 xdotool search --sync --onlyvisible --name SkinKD >/dev/null || fails "no window"
    sleep 15 # until what computes is loaded
    import -display "$display" -window root "$picture"
    [ "$(identify -format %k "$picture")" -gt 100 ] || fails "the window is blank: $picture"
    kill -TERM "$(pgrep -n -f '^/?(usr/bin/)?skinkd( |$)' -u "$(as_person id -u)")"
    wait "$window" || fails "the window ended with an error"
}

mkdir -p "$out"
make_root
Xvfb "$display" -noreset -screen 0 1280x800x24 -nolisten tcp >/dev/null 2>&1 &
screen=$!
trap 'kill $screen' EXIT

step "Installing $package without Python, with $(dpkg-deb --field "$deb" Installed-Size) kB"
install_deb "$deb"
as_root sh -c '! command -v python3 python' || fails "there is a Python in the clean Debian"
[ ! -e "$root/usr/share/applications/mimeinfo.cache" ] || grep -q x-skinkd-model "$root/usr/share/applications/mimeinfo.cache"

step "As an ordinary person, without a network, in $home"
as_person skinkd-cli --version
as_person skinkd-cli doctor >"$out/doctor.txt" 2>&1 || { cat "$out/doctor.txt"; fails "doctor found faults"; }
as_person skinkd --self-test || fails "the self-test"
as_person skinkd-cli demo --set optimisation.epochs=1 >"$out/demo.log" 2>&1 || { tail "$out/demo.log"; fails "demo"; }
made=$(ls "$root$home/.local/share/SkinKD/runs")
[ -n "$made" ] || fails "no runs were made"
model=$(ls "$root$home"/.local/share/SkinKD/runs/*/model.safetensors | head -n 1)
look "$out/window.png"
look "$out/model.png" "${model#"$root"}"

step "Upgrading to a higher version"
rm -rf "$root/tmp/newer" && dpkg-deb --raw-extract "$deb" "$root/tmp/newer"
sed -i 's/^Version: .*/&.1/' "$root/tmp/newer/DEBIAN/control"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$root/tmp/newer" "$root/tmp/newer.deb" >/dev/null
rm -rf "$root/tmp/newer"
install_deb "$root/tmp/newer.deb"
rm "$root/tmp/newer.deb"
[ "$(ls "$root$home/.local/share/SkinKD/runs")" = "$made" ] || fails "the upgrade changed the runs"
as_person skinkd-cli runs >"$out/runs.txt"
grep -qi teacher "$out/runs.txt" || fails "the newer version does not list the runs"

step "Removing it"
kept=$(cd "$root$home" && find . -type f -exec md5sum {} + | sort | md5sum)
as_root apt-get purge --yes --quiet=2 "$package" >"$out/remove.log" 2>&1
grep -q '.local/share/SkinKD' "$out/remove.log" || fails "removing does not say where the runs stay"
[ ! -e "$root/usr/lib/skinkd" ] && [ ! -e "$root/usr/bin/skinkd" ] || fails "something of the program is left"
[ "$(cd "$root$home" && find . -type f -exec md5sum {} + | sort | md5sum)" = "$kept" ] || fails "removing changed the home folder"
rm -rf "$root"
say "Installed, used, upgraded and removed in a clean Debian; pictures in build/check/"
