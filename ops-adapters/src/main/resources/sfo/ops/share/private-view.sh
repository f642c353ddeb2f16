#!/bin/sh
# private-view.sh MARK FOLDER KEEP... -- COMMAND [ARGUMENT...]
# Gives the command a /run of its own, a tmpfs whose source is MARK, mounted by way of the empty FOLDER; what lies at
# KEEP below /run stays visible. Expects a mount namespace of its own, made by unshare. MARK is how the agent finds the
# processes of this server again: it shows in their mountinfo, and goes with the last of them.
set -e
mark=$1
folder=$2
shift 2
# -n: the table of mounts in userspace belongs to the host
mount -n -t tmpfs -o mode=0755,nosuid,nodev "$mark" "$folder"
while [ "$1" != -- ]; do
    mkdir -p "$folder/${1#/run/}"
    mount -n --rbind "$1" "$folder/${1#/run/}"
    shift
done
shift
mount -n --move "$folder" /run
exec "$@"
