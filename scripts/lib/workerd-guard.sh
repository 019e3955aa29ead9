#!/bin/sh
# Runs the Workers runtime in this very process and ends it when the process that started it is gone. By itself the
# runtime outlives a killed parent and keeps its port.
#
# Becoming the child of another process is the sign: it shows also where a dead parent is never reaped and its id
# therefore still answers to signals.

parent_of() {
  if [ -d /proc/self ]; then
    read -r _ _ _ parent _ 2>/dev/null <"/proc/$1/stat" && echo "$parent"
  else
    ps -o ppid= -p "$1" | tr -d ' '
  fi
}

self=$$
starter=$PPID

(
  trap '' HUP INT TERM
  while now=$(parent_of "$self") && [ "$now" = "$starter" ]; do
    sleep 0.3
  done
  [ -z "$now" ] || kill -9 "$self"
) </dev/null >/dev/null 2>&1 3>&- &

exec "$REELGATE_WORKERD" "$@"
