# What the scripts of this folder share: a folder that goes away, and what they start in the background.

work=$(mktemp -d)
started=()
finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

# Starts something that prints `listening on HOST:PORT`, and leaves that in $address.
listen() {
  "$@" >"$work/listening" &
  started+=($!)
  address=''
  for _ in $(seq 100); do
    address=$(sed -n 's/^listening on //p' "$work/listening")
    [ -n "$address" ] && return
    sleep 0.1
  done
  echo "it does not listen: $*" >&2
  exit 1
}

# Starts a sandbox.
sandbox() {
  listen "${MZFLOW:-$here/../../target/debug/mzflow}" sandbox serve --listen 127.0.0.1:0
}

# Ends the last thing that was started, which then writes its file.
stop_recording() {
  kill "${started[-1]}"
  wait "${started[-1]}"
  unset 'started[-1]'
}
