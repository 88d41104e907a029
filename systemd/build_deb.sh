#!/bin/sh
# Makes the Debian package of a device; `sh systemd/build_deb.sh --help`.
set -eu

usage() {
    cat <<'END'
sh systemd/build_deb.sh --arch amd64|arm64 --out DIR [--python 3.13] [--wheelhouse DIR]

--python: that of the device: 3.13 for Debian 13 and Raspberry Pi OS 13, 3.11 for release 12.
--wheelhouse: made by wheelhouse.sh; without it the wheels are fetched.
The same commit gives the same bytes. Prints the path of the package.
END
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/release.sh"
out='' arch='' version=3.13 wheels=''
while [ $# -gt 0 ]; do
    case $1 in
    --arch) arch=$2 && shift ;;
    --python) version=$2 && shift ;;
    --out) out=$2 && shift ;;
    --wheelhouse) wheels=$2 && shift ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 64 ;;
    esac
    shift || { usage >&2 && exit 64; }
done
[ -n "$out" ] && [ -n "$arch" ] || { usage >&2 && exit 64; }

# The release of Debian whose Python this is.
case $version in
3.11) debian=12 next=3.12 ;;
3.13) debian=13 next=3.14 ;;
*) give_up "--python is 3.11 or 3.13, not $version." ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
if [ -z "$wheels" ]; then
    wheels=$work/wheels
    sh "$here/wheelhouse.sh" --arch "$arch" --python "$version" --out "$wheels"
fi

tree=$work/tree
packaged=$tree/opt/scanner/packaged
python=$(build_python)
# shellcheck disable=SC2046  # a list of options
lay_release "$packaged" "$version" "$arch" "$wheels" "$python" $(wheels_for "$arch" "$version")
release_name "$version" "$arch" >"$packaged/share/release"

mkdir -p "$tree/usr/bin" "$tree/DEBIAN"
ln -s /opt/scanner/current/bin/scanner "$tree/usr/bin/scanner"
install -D -m 644 "$here/deb/copyright" "$tree/usr/share/doc/checkpoint-scanner/copyright"
gzip -9n <"$source_root/CHANGELOG.md" >"$tree/usr/share/doc/checkpoint-scanner/CHANGELOG.md.gz"
chmod 644 "$tree/usr/share/doc/checkpoint-scanner/CHANGELOG.md.gz"
install -D -m 644 "$here/deb/lintian-overrides" \
    "$tree/usr/share/lintian/overrides/checkpoint-scanner"
for script in preinst postinst prerm postrm; do
    [ ! -e "$here/deb/$script" ] || install -m 755 "$here/deb/$script" "$tree/DEBIAN/$script"
done
size_kb=$(du -sk --apparent-size "$tree" | cut -f 1)
sed -e "s/@VERSION@/$(program_version)+deb$debian/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size_kb/" \
    -e "s/@PYTHON@/$version/" -e "s/@NEXT@/$next/" "$here/deb/control" >"$tree/DEBIAN/control"
(cd "$tree" && find opt usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) \
    >"$tree/DEBIAN/md5sums"

# Of the last commit, so that the same commit gives the same bytes.
moment=$(git -C "$source_root" log -1 --format=%ct 2>/dev/null || stat -c %Y "$here/release.sh")
find "$tree" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-$moment}" {} +
mkdir -p "$out"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$moment} dpkg-deb --root-owner-group -Zzstd -z6 --build \
    "$tree" "$out/checkpoint-scanner_$(program_version)+deb${debian}_$arch.deb" >/dev/null
printf '%s\n' "$out/checkpoint-scanner_$(program_version)+deb${debian}_$arch.deb"
