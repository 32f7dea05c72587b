#!/bin/sh
# Installs, uses, upgrades, removes and purges what .ci/package built, in a bare Debian 12. It changes the system: run it as root in a
# machine, container or chroot that is thrown away afterwards.
#   tests/package_check.sh [FOLDER]      of the packages; build/package/packages if none is given
set -eu
cd "$(dirname "$0")/.."
folder=$(cd "${1:-build/package/packages}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DEBIAN_FRONTEND=noninteractive
packages="tcpautopsy libtcpautopsy1 libtcpautopsy-dev python3-tcpautopsy wireshark-plugin-tcpautopsy"
sample=samples/kernel_mixed/case.pcap

step() { echo "== $*"; }
fail() { echo "package_check: $*" >&2; exit 1; }
install() { apt-get install -q -y --no-install-recommends "$@" >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; fail "cannot install $*"; }; }
version_of() { dpkg-query -W -f '${Version}' "$1"; }

[ "$(id -u)" = 0 ] || fail "needs root"
for package in $packages; do
  ls "$folder/$package"_*.deb >/dev/null || fail "no package $package in $folder"
done
apt-get update -q >/dev/null

step "install"
install "$folder"/*.deb
dpkg-query -W -f '${Package} ${Version} ${Status}\n' $packages
for package in $packages; do
  dpkg -L "$package" | while read -r path; do [ -d "$path" ] || echo "$path"; done
done | sort -u >"$work/files"
dpkg-query -W -f 'plugin depends on ${Depends}\n' wireshark-plugin-tcpautopsy
dpkg-query -W -f '${Depends}' wireshark-plugin-tcpautopsy | grep -q 'libwireshark[0-9]' || fail "the plugin's package does not name Wireshark's ABI"

step "use"
tcpautopsy --version
tcpautopsy report $sample | head -8
[ "$(tcpautopsy report $sample | sed -n 2p)" = "$(sed -n 3p samples/kernel_mixed/expected.txt)" ] || fail "the report differs from the sample's"
for path in /usr/share/man/man1/tcpautopsy.1.gz /usr/share/man/man1/tcpautopsy-batch-plan.1.gz /usr/share/bash-completion/completions/tcpautopsy /usr/share/zsh/vendor-completions/_tcpautopsy \
  /usr/share/fish/vendor_completions.d/tcpautopsy.fish /usr/share/tcpautopsy/slurm/submit /usr/share/doc/tcpautopsy/schema/flow.json; do
  grep -qx "$path" "$work/files" || fail "$path is not installed"
done

step "plugin, seen by tshark"
install tshark
tshark -G plugins 2>/dev/null | grep tcpautopsy || fail "tshark does not see the plugin"
tshark -2 -r samples/lost_final_ack/case.pcap -Y 'tcpautopsy.finding == "lost_final_ack"' -T fields -e frame.number -e tcpautopsy.server.state 2>/dev/null | tee "$work/seen"
[ -s "$work/seen" ] || fail "the plugin finds nothing"

step "examples, by find_package and by pkg-config"
install g++ make cmake pkg-config
cmake -S examples -B "$work/examples" >"$work/log" && cmake --build "$work/examples" >>"$work/log" 2>&1 || { cat "$work/log"; fail "examples do not build"; }
"$work/examples/histories" samples/refused/case.pcap
# shellcheck disable=SC2046
g++ -std=c++20 examples/own_detector.cc -o "$work/own_detector" $(pkg-config --cflags --libs tcpautopsy)
"$work/own_detector" samples/handshake_and_close/case.pcap

step "module for Python"
install python3
/usr/bin/python3 -c 'import tcpautopsy; print(tcpautopsy.__version__, tcpautopsy.__file__)'
[ "$(/usr/bin/python3 examples/resets_by_server.py samples/rst_abort/case.pcap)" = "     1 10.0.0.2:80 reset by the server" ] || fail "the example in Python tells something else"

step "tarball, unpacked anywhere"
tar -xzf "$folder"/tcpautopsy-*.tar.gz -C "$work"
cat "$work"/tcpautopsy-*/README.txt
"$work"/tcpautopsy-*/bin/tcpautopsy --version

step "upgrade"
mkdir "$work/newer"
for package in $packages; do
  dpkg-deb -R "$folder/$package"_*.deb "$work/$package"
  sed -i -e '/^Version:/s/$/.1/' -e "s/(= $(version_of "$package"))/(= $(version_of "$package").1)/" "$work/$package/DEBIAN/control"
  dpkg-deb --root-owner-group -Znone -b "$work/$package" "$work/newer" >/dev/null
done
install "$work"/newer/*.deb
dpkg-query -W -f '${Package} ${Version} ${Status}\n' $packages
tcpautopsy --version

step "remove, purge"
# shellcheck disable=SC2086
apt-get remove -q -y $packages >/dev/null
# shellcheck disable=SC2086
dpkg --purge $packages >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "cannot purge"; }  # apt no longer knows what no source offers
while read -r path; do
  if [ -e "$path" ] || [ -L "$path" ]; then fail "$path is still there"; fi
done <"$work/files"
# shellcheck disable=SC2086
if dpkg-query -W -f '${Status}\n' $packages 2>/dev/null | grep -v 'unknown ok not-installed'; then fail "dpkg still knows them"; fi
echo "$(wc -l <"$work/files") files came and went"
