#!/bin/sh
# private-view.sh MOUNTS KEEP... -- COMMAND [ARGUMENT...]
# Gives the command a view of files in which there is, of what travels, only what lies at KEEP, and a /run of its own, made
# by the table MOUNTS. Expects a mount namespace of its own, made by unshare. The source of that /run is how the agent finds
# the processes of this server again: it shows in their mountinfo, and goes with the last.
# A volume of another group that stayed in this view would stay mounted here after that group had left this host.
set -e
mounts=$1
shift
keeps=
while [ "$1" != -- ]; do
    keeps="$keeps$1
"
    shift
done
shift
# true if the mount point leads to a kept path, or lies below one
kept() {
    while read -r keep; do
        case $keep/ in "$1"/*) return 0 ;; esac
        case $1/ in "$keep"/*) return 0 ;; esac
    done <<KEEPS
${keeps%?}
KEEPS
    return 1
}
forget=
# the kernel writes a space in a path as \040, which printf knows as \0040
while read -r _ _ _ _ point _; do
    case $point in
    *\\*) point=$(printf '%b' "$(printf '%s' "$point" | sed 's/\\\([0-7]\)/\\0\1/g')") ;;
    esac
    case $point in
    / | /proc* | /sys* | /dev* | /usr* | /lib* | /bin* | /sbin* | /etc* | /opt* | /tmp | /run) continue ;;
    /var/*/*) ;;
    /var*) continue ;;
    esac
    if ! kept "$point"; then
        forget="$forget$point
"
    fi
done </proc/self/mountinfo
# -n: the table of mounts in userspace belongs to the host; a failure is one that went with the mount it lay on
if [ -n "$forget" ]; then
    set -f
    IFS='
'
    # shellcheck disable=SC2086  # a word is a line
    umount -n -l $forget 2>/dev/null || :
    unset IFS
    set +f
fi
mount -n -a -T "$mounts"
exec "$@"
