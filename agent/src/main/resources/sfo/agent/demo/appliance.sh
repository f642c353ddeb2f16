# Process 1 of an appliance in namespaces: sh -c THIS sfo-demo NAME [FOLDER:TARGET ...]
# Everything here is gone when it is killed, and it ends by itself when its standard input does: with the lab's own process.
set -eu
hostname "$1"
shift
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns
for pair in "$@"; do
  [ -e "${pair%%:*}" ] || mkdir -p "${pair%%:*}"
  mount --bind "${pair%%:*}" "${pair#*:}"
done
ip link set lo up
exec 3<&0 </dev/null
trap 'exit 0' TERM
{ cat <&3 >/dev/null; kill -TERM 1; } &
echo ready
# waits for whatever is left to it, as an init does
while :; do sleep 3600 & wait $!; done
