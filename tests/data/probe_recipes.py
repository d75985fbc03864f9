"""The films of make-probes, in groups: containers, picture, streams, sources, numbers."""

import json

RECIPES = {}


def video(size="1920x1080", rate="24000/1001", seconds=1):
    return f"-f lavfi -i testsrc2=s={size}:r={rate}:d={seconds}"


def silence(layout="5.1", seconds=1):
    return f"-f lavfi -i anullsrc=cl={layout}:r=48000:d={seconds}"


X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
X265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none"
ENG = "-metadata:s:a:0 language=eng"
FILM = f"{video()} {silence()} {X264}"
HDR10 = (
    "log-level=none:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
)


def film(name, file, arguments, edit=None, seconds=5400, rate=8_000_000, then=None):
    """A document `name` of a film called `file`; `then` holds ffmpeg's arguments for a second run that reads first.mkv."""
    assert name not in RECIPES, name
    RECIPES[name] = (file, arguments, edit, seconds, rate, then)


def stream(document, kind, number=0):
    return [each for each in document["streams"] if each["codec_type"] == kind][number]


def main(**fields):
    """An edit that sets fields of the first video stream."""
    return lambda document: stream(document, "video").update(fields)


def tagged(**tags):
    """An edit that adds tags to the first video stream."""
    return lambda document: stream(document, "video").setdefault("tags", {}).update(tags)


def side_data(*blocks):
    return lambda document: stream(document, "video").setdefault("side_data_list", []).extend(blocks)


def both(*edits):
    def edit(document):
        for each in edits:
            each(document)

    return edit


def as_codec(kind, number=0, **fields):
    """An edit for a codec that ffmpeg can't encode: sets the fields that ffprobe shows for a real stream."""
    return lambda document: stream(document, kind, number).update(fields)


def order(*indexes):
    """An edit that reorders the streams and renumbers their indexes."""

    def edit(document):
        document["streams"] = [document["streams"][index] for index in indexes]
        for index, each in enumerate(document["streams"]):
            each["index"] = index

    return edit


def without(*path):
    def edit(document):
        for each in document["streams"] + [document["format"]]:
            for field in path:
                each.pop(field, None)

    return edit


# Containers.
film("mkv-h264-ac3", "Film.2001.1080p.mkv", f"{FILM} -c:a ac3 {ENG}")
film("mp4-h264-aac", "Film.2001.1080p.mp4", f"{FILM} -c:a aac {ENG} -movflags +faststart")
film("m4v-with-itunes-brand", "Film.m4v", f"{FILM} -c:a aac {ENG} -brand M4V -f mp4",
     lambda d: d["format"]["tags"].update(major_brand="M4V ", encoder="HandBrake 1.9.2 2025022300"))
film("mov-prores-pcm-timecode", "A001_C002.mov",
     f"{video()} {silence('stereo')} -c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le -c:a pcm_s24le -timecode 01:00:00:00",
     rate=180_000_000)
film("webm-vp9-opus", "clip.webm", f"{video('1280x720', 30)} {silence('stereo')} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus")
film("webm-with-webvtt", "clip.webm", f"{video('1280x720', 30)} -i eng.srt -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:s webvtt")
film("avi-xvid-mp3", "Film.1999.DVDRip.XviD.avi", f"{video('640x272', 25)} {silence('stereo')} -c:v libxvid -c:a libmp3lame", rate=1_100_000)
film("avi-h264-without-timestamps", "Show.S01E01.WEBRip.avi", f"{video('1280x720')} {silence('stereo')} {X264} -bf 2 -c:a libmp3lame", rate=3_000_000)
film("ts-h264-ac3", "recording.ts", f"{FILM} -c:a ac3 {ENG}")
film("ts-starts-at-95231-s", "recording.ts", f"{FILM} -c:a ac3 {ENG} -output_ts_offset 95230")
film("ts-dvb-subtitle-and-teletext", "recording.ts",
     f"{video('1920x1080', 25)} {silence('stereo')} {X264} -c:a mp2 {ENG}",
     lambda d: d["streams"].extend([
         {"index": 2, "codec_name": "dvb_subtitle", "codec_type": "subtitle", "codec_tag_string": "[6][0][0][0]",
          "codec_tag": "0x0006", "time_base": "1/90000", "start_pts": 129600, "start_time": "1.440000",
          "disposition": {"default": 0, "forced": 0, "attached_pic": 0}, "tags": {"language": "deu"}},
         {"index": 3, "codec_name": "dvb_teletext", "codec_type": "subtitle", "codec_tag_string": "[6][0][0][0]",
          "codec_tag": "0x0006", "time_base": "1/90000", "start_pts": 129600, "start_time": "1.440000",
          "disposition": {"default": 0, "forced": 0, "attached_pic": 0}, "tags": {"language": "deu"}}]))
film("m2ts-lpcm-24-bit-and-pgs", "00001.m2ts",
     f"{video()} {silence()} -i pgs.sup -map 0 -map 1 -map 2 {X264} -c:a pcm_bluray -sample_fmt s32 -c:s copy -mpegts_m2ts_mode 1",
     rate=30_000_000)
film("vob-mpeg2-lpcm", "VTS_01_1.VOB", f"{video('720x576', 25)} {silence('stereo')} -c:v mpeg2video -aspect 16:9 -c:a pcm_dvd -f vob", rate=6_000_000)
film("mpg-mpeg1-mp2", "old.mpg", f"{video('352x288', 25)} {silence('stereo')} -c:v mpeg1video -c:a mp2", rate=1_150_000, seconds=3600)
film("wmv-wmv2-wmav2", "old.wmv", f"{video('640x480', 25)} {silence('stereo')} -c:v wmv2 -c:a wmav2", rate=1_500_000)
film("flv-h264-aac", "stream.flv", f"{video('1280x720', 30)} {silence('stereo')} {X264} -c:a aac", rate=2_500_000)
film("mp4-fragmented", "Show.S01E02.AMZN.WEB-DL.mp4", f"{FILM} -c:a eac3 {ENG}",
     then="-i first.mkv -c copy -movflags +frag_keyframe+empty_moov+default_base_moof+delay_moov")
film("mp4-edit-list", "Film.mp4", f"{FILM} -g 12 -c:a aac {ENG}", then="-ss 0.6 -i first.mkv -c copy -f mp4")
film("mp4-chapters-and-mov-text", "Film.2001.mp4",
     f"{video()} {silence()} -i eng.srt -i chapters.txt -map 0 -map 1 -map 2 -map_chapters 3 {X264} -c:a aac -c:s mov_text "
     "-metadata:s:s:0 language=eng")
film("mov-with-mov-text", "Film.mov", f"{video()} {silence()} -i eng.srt -map 0 -map 1 -map 2 {X264} -c:a aac -c:s mov_text")

# Picture: colour and HDR.
film("hdr10", "Film.2019.2160p.mkv", f"{video('3840x2160', seconds=0.2)} -c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params {HDR10}", rate=25_000_000)
film("hlg", "Concert.2160p.ts", f"{video('3840x2160', 50, 0.2)} {X265}:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc -pix_fmt yuv420p10le", rate=25_000_000)
film("pq-in-8-bit", "demo.mkv", f"{video()} {X264} -vf setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc")
film("bt2020-sdr", "demo.mkv", f"{video('3840x2160', seconds=0.2)} {X265}:colorprim=bt2020:transfer=bt2020-10:colormatrix=bt2020nc -pix_fmt yuv420p10le", rate=20_000_000)
film("full-range-yuvj420p", "camera.mp4", f"{video(rate=30)} -c:v libx264 -preset ultrafast -pix_fmt yuvj420p", rate=20_000_000, seconds=600)
film("h264-4-2-2-10-bit", "camera.mp4", f"{video(rate=25)} -c:v libx264 -preset ultrafast -pix_fmt yuv422p10le", rate=50_000_000, seconds=600)
film("h264-4-4-4", "screen.mkv", f"{video(rate=30)} -c:v libx264 -preset ultrafast -pix_fmt yuv444p")
film("rgb-identity-matrix", "screen.mkv", f"{video(rate=30)} -c:v libx264rgb -preset ultrafast -pix_fmt bgr24")
film("hevc-12-bit", "graded.mkv", f"{video(seconds=0.3)} {X265} -pix_fmt yuv420p12le", rate=20_000_000)
film("gray", "Film.1925.mkv", f"{video(rate=24)} -c:v libx264 -preset ultrafast -pix_fmt gray")
film("vp9-with-alpha", "overlay.webm", f"{video('1280x720', 30)} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -pix_fmt yuva420p", seconds=60)
film("dolby-vision-8-1", "Film.2022.2160p.DV.HDR.mkv", "media:dolby-vision-8.1.mkv", rate=20_000_000)
film("dolby-vision-5", "Show.S01E01.2160p.WEB-DL.DV.mkv", "media:dolby-vision-5.mkv", rate=20_000_000)
record = {"side_data_type": "DOVI configuration record", "dv_version_major": 1, "dv_version_minor": 0, "dv_level": 6,
          "rpu_present_flag": 1, "bl_present_flag": 1, "dv_md_compression": "none"}
film("dolby-vision-8-4-phone", "IMG_0042.MOV",
     f"{video('3840x2160', 30, 0.2)} {silence('stereo')} {X265}:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc -pix_fmt yuv420p10le -tag:v hvc1 -c:a aac",
     side_data(record | {"dv_profile": 8, "el_present_flag": 0, "dv_bl_signal_compatibility_id": 4}), seconds=60, rate=50_000_000)
film("dolby-vision-7-two-layers", "Film.2018.UHD.BluRay.2160p.REMUX.mkv",
     f"{video('3840x2160', seconds=0.2)} -c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params {HDR10}",
     side_data(record | {"dv_profile": 7, "el_present_flag": 1, "dv_bl_signal_compatibility_id": 6}), rate=60_000_000)
film("hdr10-plus", "Film.2019.2160p.HDR10Plus.mkv", "media:hdr10-plus.mkv", rate=20_000_000)

# Picture: fields, shape, size, rate.
FIELDS = "-vf tinterlace=interleave_top,fieldorder=tff -flags +ildct+ilme"
film("interlaced-h264-1080i", "recording.ts", f"{video(rate=50)} {silence('stereo')} {X264} {FIELDS} -x264-params tff=1 -c:a mp2")
film("interlaced-dvd-bottom-first", "home-video.mkv",
     f"{video('720x480', '60000/1001')} -c:v mpeg2video -pix_fmt yuv420p -vf tinterlace=interleave_bottom,fieldorder=bff -flags +ildct+ilme -top 0 -aspect 4:3",
     rate=7_000_000)
film("telecine-dvd", "Film.1998.DVD.REMUX.mkv", f"{video('720x480')} {silence()} -c:v mpeg2video -aspect 16:9 -c:a ac3 {ENG}",
     main(r_frame_rate="30000/1001", avg_frame_rate="24000/1001", field_order="progressive"), rate=6_000_000)
film("anamorphic-pal-dvd", "Film.1998.PAL.DVDRip.mkv", f"{video('720x576', 25)} {silence()} {X264} -aspect 16:9 -c:a ac3 {ENG}", rate=2_000_000)
film("rotated-phone", "VID_20240501_120000.mp4", f"{FILM} -c:a aac -ac 2", then="-display_rotation 90 -i first.mkv -c copy", seconds=60, rate=17_000_000)
film("rotated-upside-down", "VID_20240501_120001.mov", f"{FILM} -c:a aac -ac 2", then="-display_rotation 180 -i first.mkv -c copy", seconds=60, rate=17_000_000)
film("portrait", "story.mp4", f"{video('1080x1920', 30)} {silence('stereo')} {X264} -c:a aac", seconds=60)
film("odd-size", "Old.Cartoon.WEBRip.mkv", f"{video('853x479', 24)} {silence('stereo')} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus", rate=1_200_000)
film("cropped-scope-1080p", "Film.2001.1080p.BluRay.x264.mkv", f"{video('1920x800')} {silence()} {X264} -c:a ac3 {ENG}", rate=9_000_000)
film("cropped-scope-2160p", "Film.2001.2160p.WEB-DL.mkv", f"{video('3840x1600', seconds=0.2)} {silence()} {X265} -pix_fmt yuv420p10le -c:a eac3 {ENG}", rate=15_000_000)
film("8k", "demo-8k.mkv", f"{video('7680x4320', 30, 0.1)} {X265} -pix_fmt yuv420p10le", rate=80_000_000, seconds=300)
film("300-fps", "slow-motion.mp4", f"{video('1280x720', 300, 0.2)} {X264}", seconds=60)
film("rate-is-a-time-base", "stream.mkv", f"{FILM} -c:a aac", main(r_frame_rate="90000/1", avg_frame_rate="0/0"))
film("variable-rate", "screen-recording.mkv", f"{video(rate=60)} {X264} -vf select='not(mod(n\\,3))+not(mod(n\\,7))' -fps_mode vfr", rate=3_000_000)
film("closed-captions", "recording.ts", f"{FILM} -c:a ac3 {ENG}", main(closed_captions=1))
film("stereo-3d", "Film.2010.3D.SBS.BluRay.mkv", f"{FILM} -c:a ac3 {ENG} -metadata:s:v stereo_mode=left_right")
film("spherical-video", "VR_0001.mp4", f"{video('3840x1920', 30, 0.2)} {X264}",
     side_data({"side_data_type": "Spherical Mapping", "projection": "equirectangular", "yaw": 0, "pitch": 0, "roll": 0}), rate=40_000_000, seconds=300)

# Streams.
COVER = "-attach cover.jpg -metadata:s:t:0 mimetype=image/jpeg -metadata:s:t:0 filename=cover.jpg"
film("cover-last", "Film.2001.mkv", f"{FILM} -c:a ac3 {ENG} {COVER}")
film("cover-first", "Film.2001.mkv", f"{FILM} -c:a ac3 {ENG} {COVER}", order(2, 0, 1))
film("cover-in-mp4", "Film.2001.mp4", f"{video()} {silence()} -i cover.jpg -map 0 -map 1 -map 2 {X264} -c:v:1 copy -c:a aac {ENG} -disposition:v:1 attached_pic")
film("four-covers", "Film.2001.mkv", f"{FILM} -c:a ac3 {ENG} " + " ".join(
    f"-attach cover.jpg -metadata:s:t:{n} mimetype=image/jpeg -metadata:s:t:{n} filename={name}.jpg"
    for n, name in enumerate(("cover", "small_cover", "cover_land", "small_cover_land"))))
film("mjpeg-video-without-cover-flag", "Film.2001.mkv", f"{video()} {silence()} -i cover.jpg -map 0 -map 1 -map 2 {X264} -c:v:1 copy -c:a ac3 {ENG}")
film("mjpeg-cover-track-comes-first", "Film.2001.mkv", f"{video()} {silence()} -i cover.jpg -map 2 -map 0 -map 1 {X264} -c:v:0 copy -c:a ac3 {ENG}")
film("two-videos-second-is-default", "angles.mkv", f"{video()} {video('1280x720')} {silence()} -map 0 -map 1 -map 2 {X264} -c:a ac3 -disposition:v:0 0 -disposition:v:1 default")
film("audio-only", "Album.mkv", f"{silence('stereo')} -c:a flac")
film("audio-with-cover", "Album.mkv", f"{silence('stereo')} -c:a flac {COVER}")
film("no-audio", "silent.mkv", f"{video()} {X264}")

TWO = f"{video()} {silence()} {silence()} -map 0 -map 1 -map 2 {X264} -c:a ac3"
film("two-russian-dubs", "Film.2001.mkv",
     f"{video()} {silence()} {silence()} {silence()} -map 0 -map 1 -map 2 -map 3 {X264} -c:a ac3 -metadata:s:a:0 language=rus "
     "-metadata:s:a:0 title=Dub -metadata:s:a:1 language=rus -metadata:s:a:1 title=Goblin -metadata:s:a:2 language=eng "
     "-disposition:a:0 default")
film("russian-only", "Film.1979.mkv", f"{FILM} -c:a ac3 -metadata:s:a:0 language=rus")
film("russian-with-english-commentary", "Film.1979.mkv", f"{TWO} -metadata:s:a:0 language=rus -metadata:s:a:1 language=eng -disposition:a:1 comment")
film("russian-by-region-and-by-name", "Film.2001.mkv",
     f"{video()} {silence()} {silence()} {silence()} -map 0 -map 1 -map 2 -map 3 {X264} -c:a ac3 -metadata:s:a:0 language=eng",
     lambda d: [stream(d, "audio", n)["tags"].update(language=tag) for n, tag in ((1, "ru-RU"), (2, "Russian"))] and None)
film("russian-subtitles", "Film.2001.mkv",
     f"{video()} {silence()} -i eng.srt -i eng.srt -map 0 -map 1 -map 2 -map 3 {X264} -c:a ac3 {ENG} -c:s srt "
     "-metadata:s:s:0 language=rus -metadata:s:s:1 language=eng -disposition:s:0 default+forced")
film("languages-untagged", "Film.2001.mkv", TWO, lambda d: [each.get("tags", {}).pop("language", None) for each in d["streams"]] and None)
film("no-audio-marked-default", "Film.2001.mkv", f"{TWO} -metadata:s:a:0 language=eng -metadata:s:a:1 language=fre -disposition:a:0 0 -disposition:a:1 0")
film("fonts-and-chapters", "[Group] Show - 01 [BD 1080p].mkv",
     f"{video()} {silence('stereo')} -i signs.ass -i chapters.txt -map 0 -map 1 -map 2 -map_chapters 3 {X265} -pix_fmt yuv420p10le "
     "-c:a flac -metadata:s:a:0 language=jpn -c:s ass -metadata:s:s:0 language=eng -attach font.ttf "
     "-metadata:s:t:0 mimetype=application/x-truetype-font", rate=5_000_000)
film("two-hundred-streams", "everything.mkv", f"{FILM} -c:a ac3 {ENG}",
     lambda d: d["streams"].extend(
         {"index": 2 + n, "codec_name": "subrip", "codec_type": "subtitle", "disposition": {"default": 0, "forced": 0},
          "tags": {"language": ("eng", "rus", "fre", "ger")[n % 4]}} for n in range(198)))

# Sources.
NUMBERS = {"BPS": "28000000", "NUMBER_OF_FRAMES": "129470", "NUMBER_OF_BYTES": "18900000000",
           "_STATISTICS_WRITING_APP": "mkvmerge v90.0 ('Hanging On') 64-bit",
           "_STATISTICS_WRITING_DATE_UTC": "2025-03-01 12:00:00", "_STATISTICS_TAGS": "BPS DURATION NUMBER_OF_FRAMES NUMBER_OF_BYTES"}
film("dts-hd-pgs-remux", "Film.2001.1080p.BluRay.REMUX.AVC.DTS-HD.MA.5.1.mkv",
     f"{video()} {silence()} {silence('stereo')} -i pgs.sup -map 0 -map 1 -map 2 -map 3 {X264} -c:a:0 dca -c:a:1 ac3 {ENG} -c:s copy -metadata:s:s:0 language=eng",
     as_codec("audio", profile="DTS-HD MA", sample_fmt="s32p", bits_per_raw_sample="24"), rate=30_000_000)
film("truehd-atmos-uhd-remux", "Film.2019.UHD.BluRay.2160p.TrueHD.Atmos.7.1.HEVC.REMUX.mkv",
     f"{video('3840x2160', seconds=0.2)} {silence()} -c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params {HDR10} -c:a truehd {ENG}",
     both(as_codec("audio", profile="Dolby TrueHD + Dolby Atmos", channels=8, channel_layout="7.1"),
          lambda d: d["format"]["tags"].update(encoder="libmakemkv v1.17.7 (1.3.10/1.5.2) x86_64-linux-gnu")), rate=60_000_000)
film("vc1-bluray", "Film.2007.BluRay.REMUX.VC-1.mkv", f"{FILM} -c:a ac3 {ENG}",
     main(codec_name="vc1", profile="Advanced", codec_tag_string="WVC1", codec_tag="0x31435657"), rate=25_000_000)
film("web-dl-eac3-and-srt", "Show.S01E01.1080p.NF.WEB-DL.DDP5.1.H.264-GRP.mkv",
     f"{video()} {silence()} -i eng.srt -map 0 -map 1 -map 2 {X264} -c:a eac3 {ENG} -c:s srt -metadata:s:s:0 language=eng", rate=6_000_000, seconds=3000)
film("statistics-of-mkvmerge", "Film.2001.1080p.mkv", f"{FILM} -c:a ac3 {ENG}",
     both(tagged(**NUMBERS), lambda d: stream(d, "audio")["tags"].update({key + "-eng": value for key, value in NUMBERS.items()})), rate=28_000_000)
film("low-bitrate-1080p", "Film.2001.1080p.mkv", f"{FILM} -c:a aac {ENG}", rate=1_200_000)
film("low-bitrate-2160p-disc", "Film.2001.2160p.BluRay.mkv", f"{video('3840x2160', seconds=0.2)} {silence()} {X265} -pix_fmt yuv420p10le -c:a ac3 {ENG}", rate=3_000_000)
film("already-av1", "Film.2001.1080p.AV1.mkv", f"{video('640x360', 24)} {silence()} -c:v libsvtav1 -preset 12 -svtav1-params lp=1 -c:a ac3 {ENG}", main(width=1920, height=1080))
film("av1-beside-a-cover", "Film.2001.1080p.AV1.mkv", f"{video('640x360', 24)} {silence()} -c:v libsvtav1 -preset 12 -c:a ac3 {ENG} {COVER}", order(2, 0, 1))

# Invalid and extreme numbers.
film("no-format-block", "Film.mkv", f"{FILM} -c:a ac3 {ENG}", lambda d: d.pop("format") and None)
film("no-duration", "Film.mkv", f"{FILM} -c:a ac3 {ENG}",
     both(without("duration", "duration_ts"), lambda d: [each["tags"].pop("DURATION", None) for each in d["streams"]] and None))
film("no-bitrate-anywhere", "Film.mkv", f"{FILM} -c:a ac3 {ENG}", without("bit_rate", "duration", "size"))
film("frame-count-lies", "Film.mp4", f"{FILM} -c:a aac {ENG}", main(nb_frames="1"))
film("size-0x0", "Film.mkv", f"{FILM} -c:a ac3 {ENG}", main(width=0, height=0, coded_width=0, coded_height=0))
film("coded-size-0x0", "Film.mkv", f"{FILM} -c:a ac3 {ENG}", main(coded_width=0, coded_height=0))
film("negative-start", "Film.mkv", f"{FILM} -c:a aac {ENG}",
     both(main(start_time="-0.083000", start_pts=-83), lambda d: d["format"].update(start_time="-0.083000")))
film("codec-name-missing", "Film.mkv", f"{TWO} -metadata:s:a:0 language=eng", lambda d: [stream(d, "audio", 1).pop(f) for f in ("codec_name",)] and None)
film("video-codec-unknown", "Film.avi", f"{FILM} -c:a ac3", lambda d: stream(d, "video").update(codec_tag_string="XYZ1") or stream(d, "video").pop("codec_name") and None)
film("stream-type-unknown", "Film.mp4", f"{FILM} -c:a aac {ENG}",
     lambda d: d["streams"].append({"index": 2, "codec_tag_string": "meta", "codec_tag": "0x6174656d", "time_base": "1/600"}))
film("strings-for-numbers", "Film.mkv", f"{FILM} -c:a ac3 {ENG}",
     lambda d: json.dumps({k: [{f: str(w) if isinstance(w, int) else w for f, w in s.items()} for s in v] if k == "streams" else v for k, v in d.items()}, indent=1) + "\n")
film("indexes-twice", "Film.mkv", f"{TWO} {ENG}", lambda d: stream(d, "audio", 1).update(index=1))
film("keys-twice", "Film.mkv", f"{FILM} -c:a ac3 {ENG}",
     lambda d: (json.dumps(d, indent=1) + "\n").replace('"width": 1920,', '"width": 640,\n   "width": 1920,'))
film("invalid-utf8-in-tags", "Film.mkv", f"{FILM} -c:a ac3 {ENG} -metadata:s:a:0 title=CAFE",
     lambda d: (json.dumps(d, indent=1) + "\n").encode().replace(b"CAFE", b"Caf\xe9 \xff"))
film("escape-sequences-in-tags", "Film.mkv", f"{TWO} -metadata:s:a:0 language=eng -metadata:s:a:1 language=rus",
     lambda d: stream(d, "audio", 1)["tags"].update(title="\x1b[2J\x07Dub\nencoded"))
film("an-hour-too-much-sound", "Film.mkv", f"{FILM} -c:a ac3 {ENG}",
     lambda d: stream(d, "audio")["tags"].update(DURATION="02:30:00.000000000"))
