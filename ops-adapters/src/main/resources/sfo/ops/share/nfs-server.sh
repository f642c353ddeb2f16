#!/bin/sh
# nfs-server.sh FOLDER
# The group's rpcbind and D-Bus, at once, which return when they listen; then its NFS server in their place.
set -e
rpcbind &
rpcbind=$!
bus=$(dbus-daemon --config-file="$1/dbus.conf" --fork --print-pid)
wait $rpcbind || {
    # nothing of a server that did not start is left
    kill "$bus"
    exit 1
}
DBUS_SYSTEM_BUS_ADDRESS="unix:path=$1/dbus.sock"
export DBUS_SYSTEM_BUS_ADDRESS
exec ganesha.nfsd -F -f "$1/ganesha.conf" -p "$1/ganesha.pid" -L "$1/ganesha.log"
