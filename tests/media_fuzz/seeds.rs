//! Small intact films, one for each kind of file that people have and ffmpeg can make.

use std::fs;

use av1d_tests::Library;

/// ffmpeg's input options: two seconds of sound and of noise in motion.
const SOURCE: &str = "-f lavfi -i sine=duration=2 \
                      -f lavfi -i testsrc2=size=160x120:rate=25:duration=2,noise=alls=25:allf=t";

/// File extensions, and ffmpeg's codec options for them.
const KINDS: [(&str, &str); 9] = [
    ("mkv", "-i a.srt -c:v libx264 -preset ultrafast -crf 12 -pix_fmt yuv420p -c:a aac -c:s srt"),
    ("mp4", "-c:v libx264 -preset ultrafast -crf 12 -pix_fmt yuv420p -c:a aac -movflags +faststart"),
    ("m4v", "-c:v libx264 -preset veryfast -bf 2 -crf 12 -pix_fmt yuv420p -c:a aac -f mp4"),
    ("avi", "-c:v mpeg4 -q:v 2 -c:a libmp3lame"),
    ("ts", "-c:v mpeg2video -q:v 2 -pix_fmt yuv420p -c:a mp2"),
    ("mpg", "-c:v mpeg1video -q:v 2 -pix_fmt yuv420p -c:a mp2"),
    ("webm", "-c:v libvpx-vp9 -b:v 3M -cpu-used 8 -deadline realtime -pix_fmt yuv420p -c:a libopus"),
    ("wmv", "-c:v wmv2 -q:v 2 -c:a wmav2"),
    ("mov", "-c:v mjpeg -q:v 2 -pix_fmt yuvj420p -c:a pcm_s16le"),
];

/// An intact film.
pub(crate) struct Seed {
    pub(crate) extension: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Makes all films, and leaves none of them in the library.
pub(crate) fn make(library: &Library) -> Vec<Seed> {
    library.write_scratch("a.srt", "1\n00:00:00,100 --> 00:00:01,900\nHello.\n");
    let seed = |(extension, codecs): (&'static str, &str)| {
        let path = library.make(format!("seed.{extension}"), &format!("{SOURCE} {codecs}"));
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(path).unwrap();
        Seed { extension, bytes }
    };
    KINDS.map(seed).into_iter().collect()
}
