#!/usr/bin/env bash
# Measures the daemon on a library of 100,000 files: the first and later runs of `watch --once`, compared with `find` on the
# same tree, with the number of ffprobe runs, the peak memory, and the CPU time while the daemon is idle. It prints the figures
# and asserts only that no file is probed twice. Then it measures as many finished jobs with tests/history.sh.
#
#   tests/scale.sh [FILES] [LARGE]     the default is 100000 files, 2000 of them over min_bytes
set -euo pipefail
cd "$(dirname "$0")/.."
files=${1:-100000} large=${2:-2000}

tools=$(tests/tools/fetch)
export PATH="$tools:$PATH"
cargo build --release --locked -q -p av1cli
av1cli=$PWD/target/release/av1cli
place=$(mktemp -d "${TMPDIR:-/tmp}/av1d-scale.XXXXXX")
trap 'rm -rf "$place"' EXIT

# An AV1 film is skipped after its probe, so a large file costs only a probe and no encode.
ffmpeg -v error -f lavfi -i testsrc2=size=160x120:rate=25:duration=1 -c:v libsvtav1 -preset 12 "$place/film.mkv" 2>"$place/log"
python3 - "$place" "$files" "$large" <<'PYTHON'
import os, sys
place, files, large = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
film = open(f"{place}/film.mkv", "rb").read()
kinds = ["mkv", "mp4", "avi", "MKV", "m4v", "ts", "nfo", "srt", "jpg", "mkv"]
for number in range(files):
    folder = f"{place}/films/Series {number // 1000:03}/Season {number // 100 % 10:02}"
    if number % 100 == 0:
        os.makedirs(folder, exist_ok=True)
    is_large = number * large // files != (number + 1) * large // files
    kind = "mkv" if is_large else kinds[number % len(kinds)]
    name = f"{folder}/Épisode {number:06} – «{'x' * (number % 60)}».{kind}"
    with open(name, "wb") as file:
        if is_large:
            file.write(film)
        # Sparse: the file has a film's size but takes hardly any space.
        file.truncate((2 << 30) + 1 + number if is_large else number * 1009 % (2 << 30))
PYTHON

# Counts the runs, and then runs the real ffprobe.
mkdir "$place/bin"
printf '#!/bin/sh\necho >>"%s/probes"\nexec "%s" "$@"\n' "$place" "$(command -v ffprobe)" >"$place/bin/ffprobe"
chmod +x "$place/bin/ffprobe"
cat >"$place/config.toml" <<TOML
library_roots = ["$place/films"]
job_state_dir = "$place/state"
ffprobe = "$place/bin/ffprobe"
stable_secs = 0
TOML

# Prints a command's milliseconds, peak memory in MB, and exit code. A run of `find` before it has warmed the caches.
measure() {
  python3 - "$@" <<'PYTHON'
import os, resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
took = time.monotonic() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{took * 1000:8.0f} ms {peak:7.1f} MB  exit {code}")
PYTHON
}
probes() { if [[ -e $place/probes ]]; then wc -l <"$place/probes"; rm "$place/probes"; else echo 0; fi; }

echo "$files files, $large of them over min_bytes; $(nproc) cores"
find "$place/films" -type f -size +2G >/dev/null
echo "find -size +2G    $(measure find "$place/films" -type f -size +2G)"
echo "first  --once     $(measure "$av1cli" --config "$place/config.toml" watch --once)  $(probes) ffprobe runs"
for round in second third; do
  echo "find -size +2G    $(measure find "$place/films" -type f -size +2G)"
  echo "$(printf '%-6s' $round) --once     $(measure "$av1cli" --config "$place/config.toml" watch --once)"
done
again=$(probes)
echo "                  $again ffprobe runs in the second and third"
printf 'quality_tier = "very_high"\n' >>"$place/config.toml"
echo "other config      $(measure "$av1cli" --config "$place/config.toml" watch --once)  $(probes) ffprobe runs"

# The CPU time of an idle daemon during ten seconds: user and system time in ticks of a hundredth of a second.
"$av1cli" --config "$place/config.toml" watch 2>/dev/null &
daemon=$!
sleep 5
ticks() { cut -d' ' -f14,15 "/proc/$daemon/stat" | tr ' ' '+' | bc; }
before=$(ticks); sleep 10; after=$(ticks)
rss=$(awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$daemon/status")
kill "$daemon"; wait "$daemon" || true
echo "idle between scans  $((after - before)) ticks of CPU in 10 s ($rss MB)"
[[ $again == 0 ]] || { echo "something was probed twice" >&2; exit 1; }
tests/history.sh "$files"
