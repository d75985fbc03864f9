//! Checks samples of the picture: ffmpeg makes thumbnails of the same seconds of source and result, and `av1plan`
//! compares them.

use std::io;
use std::path::Path;
use std::time::Duration;

use av1plan::command::{SeekMode, Side, picture_arguments};
use av1plan::judge::Defect;
use av1plan::judge::picture::{
    Comparison, Counted, ThumbnailSize, Thumbnails, Window, compare, seek_position, windows,
};
use av1plan::{EncodePlan, MediaProbe, Micros};

use crate::ffmpeg::argv::bind;
use crate::ffmpeg::tools::Tools;
use crate::sys::process::capture;

/// A source and its result, both of which ffprobe can read.
pub struct PictureCheck<'a> {
    /// ffmpeg.
    pub tools: &'a Tools,
    /// How the result was made.
    pub plan: &'a EncodePlan,
    /// The original and what ffprobe says of it.
    pub source: (&'a Path, &'a MediaProbe),
    /// The result and what ffprobe says of it.
    pub result: (&'a Path, &'a MediaProbe),
}

/// The limit for a window that is reached by seeking. A window of five seconds takes a few seconds; but a disk may have
/// to spin up, and a transport stream has no index.
const SEEK_TIMEOUT: Duration = Duration::from_mins(10);
/// The limit for a window that is reached by decoding from the start. Even a film of three hours in 8K takes less, on a
/// machine that can encode it.
const DECODE_TIMEOUT: Duration = Duration::from_hours(12);

impl PictureCheck<'_> {
    /// Compares all windows and returns the first difference. An error means that a comparison couldn't be made; it
    /// says nothing about the result.
    pub async fn take(&self) -> io::Result<Option<Defect>> {
        let duration = self.plan.contract.duration.or_else(|| self.result.1.duration());
        let mut seen_any = false;
        for window in windows(duration) {
            match self.look_at(window).await? {
                Comparison::Same => seen_any = true,
                // If the container's duration is too long, some windows are beyond the end.
                Comparison::NoPictures => {}
                Comparison::Different(defect) => return Ok(Some(defect)),
            }
        }
        if seen_any {
            return Ok(None);
        }
        let start = Window { start: Micros(0), length: Micros::from_secs(15) };
        match self.compare_from_start(start).await? {
            Comparison::Same => Ok(None),
            Comparison::Different(defect) => Ok(Some(defect)),
            Comparison::NoPictures => Err(io::Error::other("neither film has a picture to compare")),
        }
    }

    /// Compares the first seconds only, without seeking.
    pub async fn at_start(&self, length: Micros) -> io::Result<Option<Defect>> {
        match self.compare_from_start(Window { start: Micros(0), length }).await? {
            Comparison::Same | Comparison::NoPictures => Ok(None),
            Comparison::Different(defect) => Ok(Some(defect)),
        }
    }

    /// Compares a window. If the comparison by seeking shows a difference or fails, everything before the window is
    /// decoded, to be certain.
    async fn look_at(&self, window: Window) -> io::Result<Comparison> {
        if window.start.0 > 0 {
            let source = SeekMode::Seek(seek_position(window, self.source.1));
            let result = SeekMode::Seek(seek_position(window, self.result.1));
            let seen = self.compare(window, (source, result), SEEK_TIMEOUT).await;
            if let Ok(Comparison::Same) = seen {
                return Ok(Comparison::Same);
            }
        }
        self.compare_from_start(window).await
    }

    async fn compare_from_start(&self, window: Window) -> io::Result<Comparison> {
        self.compare(window, (SeekMode::FromStart, SeekMode::FromStart), DECODE_TIMEOUT).await
    }

    async fn compare(
        &self,
        window: Window,
        seek: (SeekMode, SeekMode),
        timeout: Duration,
    ) -> io::Result<Comparison> {
        let picture = &self.plan.contract.picture;
        let size = ThumbnailSize::of(picture.width, picture.height);
        let (source, result) = tokio::try_join!(
            self.thumbnails(Side::Source, window, seek.0, size, timeout),
            self.thumbnails(Side::Result, window, seek.1, size, timeout),
        )?;
        let counted = Counted::by(self.plan);
        let compared = move || {
            compare(window.start, Thumbnails::new(&source, size), Thumbnails::new(&result, size), counted)
        };
        // The comparison takes seconds of CPU time, so that it doesn't run on the runtime's own thread.
        tokio::task::spawn_blocking(compared).await.map_err(io::Error::other)
    }

    async fn thumbnails(
        &self,
        side: Side,
        window: Window,
        seek: SeekMode,
        size: ThumbnailSize,
        timeout: Duration,
    ) -> io::Result<Vec<u8>> {
        let path = match side {
            Side::Source => self.source.0,
            Side::Result => self.result.0,
        };
        let args = bind(&picture_arguments(self.plan, side, window, seek, size), path, Path::new(""));
        let limit = size.bytes().saturating_mul(size.most_frames());
        let captured = capture(&self.tools.ffmpeg, &args, limit, timeout).await.map_err(io::Error::other)?;
        if captured.status.success() {
            Ok(captured.stdout)
        } else {
            let words = captured.last_words();
            Err(io::Error::other(format!("ffmpeg can't show a part of it ({}): {words}", captured.status)))
        }
    }
}
