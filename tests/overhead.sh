#!/usr/bin/env bash
# Measures what av1d adds to ffmpeg's own time: it runs the command that `av1cli plan` prints and `av1cli watch --once` on
# the same film, one after the other, with a real clip and the default preset. Prints seconds: ffmpeg alone, av1d until it
# begins to check the result, and the time that checking and replacing add.
#
#   tests/overhead.sh [ROUNDS [TIMES]]    TIMES: how often the clip is repeated in the film
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} times=${2:-24}

tools=$(tests/tools/fetch) cache=$(tests/tools/fetch --cache)
export PATH="$tools:$PATH"
cargo build --release --locked -q -p av1cli
av1cli=$PWD/target/release/av1cli
place=$(mktemp -d "${TMPDIR:-/tmp}/av1d-overhead.XXXXXX")
trap 'rm -rf "$place"' EXIT
mkdir "$place/films"
film="$place/films/Film.mkv"
# The film is longer than the windows that are compared, and has a disc's bitrate, so that the cost of starting ffmpeg
# has its normal share.
ffmpeg -v error -nostdin -stream_loop "$((times - 1))" -i "$cache/clips/bigbuckbunny.mp4" -c:a copy -c:v libx264 -preset ultrafast \
  -crf 8 "$place/source.mkv"
printf 'library_roots = ["%s/films"]\njob_state_dir = "%s/state"\nmin_bytes = 0\nmax_size_ratio = 1\nstable_secs = 0\nnice = 0\nionice = "none"\n' \
  "$place" "$place" >"$place/config.toml"

for ((round = 1; round <= rounds; round++)); do
  cp "$place/source.mkv" "$film"
  command=$("$av1cli" --config "$place/config.toml" plan "$film" 2>/dev/null)
  began=$(date +%s.%N)
  sh -c "$command" 2>/dev/null
  alone=$(date +%s.%N)
  rm -f "$place/films/".*.av1tmp "$film" && rm -rf "$place/state"
  cp "$place/source.mkv" "$film"
  start=$(date +%s.%N)
  "$av1cli" --config "$place/config.toml" watch --once --log-format json -v 2>"$place/log"
  end=$(date +%s.%N)
  python3 - "$place/log" "$began" "$alone" "$start" "$end" <<'PYTHON'
import datetime, json, sys
began, alone, start, end = map(float, sys.argv[2:])
events = [json.loads(line) for line in open(sys.argv[1])]
when = lambda event: datetime.datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp()
of = lambda event: (event.get("fields") or event).get("event")
judging = min(when(event) for event in events if of(event) == "judging")
ffmpeg, before, after = alone - began, judging - start, end - judging
print(f"ffmpeg alone {ffmpeg:6.2f} s   av1d until it judges {before:6.2f} s ({before / ffmpeg:.3f})   "
      f"judging and the rest {after:5.2f} s ({after / ffmpeg * 100:.1f} %)")
PYTHON
done
