#!/usr/bin/env bash
# Measures av1d with 100,000 finished jobs: the first start after an older av1d wrote them, then the daemon's start, `status`, `why`
# and the first frame of av1top, each with its peak memory. It also counts how many finished jobs a scan during an encode opens.
# OLD=/path/to/av1cli also measures an older build.
#
#   tests/history.sh [JOBS]     the default is 100000 jobs
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${1:-100000}

tools=$(tests/tools/fetch)
export PATH="$tools:$PATH"
cargo build --release --locked -q -p av1cli -p av1top
target=${CARGO_TARGET_DIR:-$PWD/target}/release
place=$(mktemp -d "${TMPDIR:-/tmp}/av1d-history.XXXXXX")
trap 'rm -rf "$place"' EXIT
mkdir "$place/films"
tests/tools/make-jobs "$place/state" "$jobs"
cat >"$place/config.toml" <<TOML
library_roots = ["$place/films"]
job_state_dir = "$place/state"
min_bytes = 1000
stable_secs = 0
prefer_encoder = "rav1e"
TOML
film="/media/Series/A Long Series 005/Season 05/A.Long.Series.S05E000005.1080p.mkv"
measure() { python3 tests/tools/measure "$@"; }
size() { du -sk "$place/state" | awk '{ printf "%.0f MB", $1 / 1024 }'; }

echo "$jobs finished jobs, $(nproc) cores"
if [[ -n ${OLD:-} ]]; then
  echo "older status       $(measure run "$OLD" --config "$place/config.toml" status)"
  echo "older why          $(measure run "$OLD" --config "$place/config.toml" why "$film")"
  echo "older pass         $(measure run "$OLD" --config "$place/config.toml" watch --once)"
fi
echo "state folder       $(size)"
echo "first start        $(measure run "$target/av1cli" --config "$place/config.toml" watch --once)"
echo "state folder       $(size)"
sync
for round in 1 2; do
  echo "pass               $(measure run "$target/av1cli" --config "$place/config.toml" watch --once)"
  echo "status, no daemon  $(measure run "$target/av1cli" --config "$place/config.toml" status)"
  echo "why                $(measure run "$target/av1cli" --config "$place/config.toml" why "$film")"
  echo "daemon's start     $(measure socket "$place/state/control.sock" "$target/av1cli" --config "$place/config.toml" watch)"
  echo "av1top             $(measure terminal 'A.Long.Series' "$target/av1top" --config "$place/config.toml")"
done

# Encodes a film that takes minutes, scans meanwhile, and counts the files that the scan opens.
ffmpeg -v error -f lavfi -i testsrc2=size=640x360:rate=25:duration=60 -c:v libx264 -preset ultrafast -crf 10 "$place/films/Film.mkv"
strace -f -qq -e trace=openat,open -o "$place/opened" "$target/av1cli" --config "$place/config.toml" watch 2>"$place/log" &
daemon=$!
while ! grep -q 'encode: ' "$place/log"; do sleep 0.2; done
before=$(wc -l <"$place/opened")
"$target/av1cli" --config "$place/config.toml" scan >/dev/null
sleep 5
tail -n "+$((before + 1))" "$place/opened" >"$place/meanwhile"
echo "a pass during an encode opens $(grep -c "$place/films" "$place/meanwhile") of the library, $(grep -c 'state/finished' "$place/meanwhile" || true) finished jobs"
pkill -TERM -P "$daemon" || true
wait "$daemon" || true
