#!/bin/sh
# Builds SkinKD.app and its disk image, on a Mac with Apple silicon. Usage: sh installers/macos/build.sh
#
# Environment variables, all optional; without them the program is signed ad hoc, and macOS asks before its first start:
#   SKINKD_CODESIGN_IDENTITY  "Developer ID Application: NAME (TEAM)", in a keychain that is open
#   SKINKD_NOTARY_KEY         the .p8 file of a key of App Store Connect, with
#   SKINKD_NOTARY_KEY_ID, SKINKD_NOTARY_ISSUER  its names
set -eu
cd "$(dirname "$0")/../.."
. installers/uv.sh

[ "$(uname -s)" = Darwin ] || die "This builds for macOS, on macOS."
[ "$(uname -m)" = arm64 ] || die "This needs a Mac with Apple silicon: torch has no wheels for Intel Macs."
command -v vtool >/dev/null || die "Xcode's command line tools are missing: xcode-select --install"

# Homebrew's and Apple's Python run on this macOS and later; uv's own run on older ones as well.
"$UV" python install --quiet 3.12
python=$("$UV" python find --managed-python 3.12)
version=$("$python" installers/identity.py version)
oldest=$("$python" installers/identity.py macos)
app=dist/cpu/SkinKD.app
image=dist/skinkd-$version-macos-arm64.dmg
identity=${SKINKD_CODESIGN_IDENTITY:-}

# Fails when a library asks for a later macOS than the Info.plist does.
check_oldest_macos() {
    find "$app" -type f \( -name '*.so' -o -name '*.dylib' -o -perm -100 \) -exec vtool -show-build {} \; 2>/dev/null |
        awk -v oldest="$oldest" '
            /:$/ { file = $1 }
            $1 == "minos" && $2 + 0 > oldest + 0 { print file, $2; bad = 1 }
            END { exit bad }
        ' || die "These need a later macOS than $oldest: change OLDEST_MACOS in installers/identity.py"
}

# Runs the program's own test in a home folder with blanks and letters beyond ASCII.
self_test() {
    home="$scratch/Prüfung mit Leerzeichen"
    mkdir -p "$home"
    HOME=$home HF_HUB_OFFLINE=1 "$app/Contents/MacOS/skinkd" --self-test
    HOME=$home HF_HUB_OFFLINE=1 "$app/Contents/MacOS/skinkd-cli" doctor
}

# Sends a file to Apple and waits for the answer; prints Apple's reasons when it is no.
notarise() {
    set -- "$1" --key "$SKINKD_NOTARY_KEY" --key-id "$SKINKD_NOTARY_KEY_ID" --issuer "$SKINKD_NOTARY_ISSUER"
    answer=$(xcrun notarytool submit "$@" --wait --output-format json) || die "Apple's notary refused: $answer"
    case $answer in
    *'"Accepted"'*) ;;
    *)
        id=$(printf '%s' "$answer" | sed -n 's/.*"id" *: *"\([^"]*\)".*/\1/p')
        shift
        xcrun notarytool log "$id" "$@" || true
        die "Apple's notary refused: $answer"
        ;;
    esac
}

make_image() {
    mkdir "$scratch/image"
    ditto "$app" "$scratch/image/SkinKD.app"
    ln -s /Applications "$scratch/image/Applications"
    cp installers/macos/READ-ME.txt "$scratch/image/Read me.txt"
    cp LICENSE "$scratch/image/License.txt"
    tries=0
    # "Resource busy" now and then, when Spotlight looks at the new volume
    until hdiutil create -quiet -ov -fs HFS+ -volname SkinKD -srcfolder "$scratch/image" -format ULMO "$image"; do
        tries=$((tries + 1))
        [ "$tries" -lt 5 ] || die "hdiutil could not make $image"
        sleep 10
    done
    hdiutil verify -quiet "$image"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

export UV PYINSTALLER_STRICT_BUNDLE_CODESIGN_ERROR=1 PYINSTALLER_VERIFY_BUNDLE_SIGNATURE=1
"$python" installers/build.py cpu
check_oldest_macos
self_test

if [ -n "$identity" ] && [ -n "${SKINKD_NOTARY_KEY:-}" ]; then
    # The ticket in the program itself lets it start without a network once it is copied out of the image.
    ditto -c -k --keepParent "$app" "$scratch/SkinKD.zip"
    notarise "$scratch/SkinKD.zip"
    xcrun stapler staple "$app"
fi
make_image
if [ -n "$identity" ]; then
    codesign --sign "$identity" --timestamp "$image"
    if [ -n "${SKINKD_NOTARY_KEY:-}" ]; then
        notarise "$image"
        xcrun stapler staple "$image"
        spctl --assess --type open --context context:primary-signature --verbose "$image"
    fi
else
    say "SKINKD_CODESIGN_IDENTITY is not set: signed ad hoc, not notarised"
fi
du -h "$image"
