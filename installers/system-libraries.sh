#!/bin/sh
# Installs the system libraries that Qt's window lacks (as root on Debian and its children), or prints the command that
# does. Never fails: without a screen SkinKD works all the same, and with one its start says what is missing.
# Usage: system-libraries.sh PYTHON
set -u
cd "$(dirname "$0")/.."

command=$("$1" -m core.system_libraries) || exit 0
[ -n "$command" ] || exit 0

case $command in
"sudo apt-get install"*)
    if [ "$(id -u)" = 0 ]; then
        echo "Installing the system libraries that the window needs"
        without_sudo="DEBIAN_FRONTEND=noninteractive ${command#sudo }"
        if { apt-get update -qq && sh -c "$without_sudo -qq"; } >/dev/null 2>&1; then
            exit 0
        fi
        echo "They could not be installed now; SkinKD still runs without a screen."
        command="apt-get update; ${command#sudo }"
    fi
    ;;
esac
echo "To open SkinKD's window on this computer, first run:"
echo "    $command"
