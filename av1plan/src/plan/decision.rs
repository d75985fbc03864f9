//! A decision as data: what it is about and what was chosen. Why is in [`Reason`](super::Reason).

use alloc::borrow::Cow;

use crate::name::named;
use crate::plan::Reason;

/// One choice of a plan. The codes of its topic and its reason are public and stable. Its sentence isn't stored:
/// [`explain`](crate::explain) makes it from the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// What the choice is about.
    pub topic: Topic,
    /// The index of the source stream that the choice is about; `None` for a topic that concerns the whole film.
    pub stream: Option<u32>,
    /// What was chosen, in a word: `23`, `libsvtav1`, `drop`.
    pub choice: Cow<'static, str>,
    /// Why it was chosen.
    pub reason: Reason,
}

named! {
    /// What a decision is about. A plan has at most one decision on each topic, but one for each stream on
    /// [`Topic::Stream`] and at most one for each stream on [`Topic::DefaultFlag`].
    #[derive(PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum Topic: "a topic", code, codes {
        /// Whether the film is encoded or skipped.
        Gate = "gate",
        /// Which version of ffmpeg the plan is made for.
        Toolchain = "toolchain",
        /// Which video stream is the film's picture and is encoded.
        MainVideo = "main-video",
        /// Whether all packets and key frames of the film were looked at before it was planned.
        Survey = "survey",
        /// Whether damage of the film is accepted.
        Damage = "damage",
        /// What kind of source the film comes from: the web, a disc, or unknown.
        SourceClass = "source-class",
        /// The film's resolution class, which is its row in the ladder (the table of encoder settings by picture
        /// size).
        Resolution = "resolution",
        /// Which AV1 encoder is used.
        Encoder = "encoder",
        /// The constant rate factor (`-crf`) of SVT-AV1 or libaom.
        Crf = "crf",
        /// The constant quantizer (`-qp`) of rav1e.
        Qp = "qp",
        /// The speed preset (`-preset`) of SVT-AV1.
        Preset = "preset",
        /// The speed (`-cpu-used`) of libaom.
        CpuUsed = "cpu-used",
        /// The speed (`-speed`) of rav1e.
        Speed = "speed",
        /// How many tiles libaom cuts the picture into, columns by rows.
        Tiles = "tiles",
        /// What samples of the film show: the size of the result, as a share of the original's.
        Samples = "samples",
        /// How many threads the encoder uses.
        Threads = "threads",
        /// The pixel format of the result: bits per sample and chroma subsampling.
        PixelFormat = "pixel-format",
        /// The colour tags of the result.
        Color = "color",
        /// Colour tags of the source that the result can't have and that are left out.
        ColorTags = "color-tags",
        /// Whether the dynamic HDR metadata (Dolby Vision, HDR10+) is carried over or lost.
        DynamicHdr = "dynamic-hdr",
        /// Whether interlaced video is deinterlaced.
        Interlacing = "interlacing",
        /// The nominal frame rate that the encoder is given instead of the source's.
        FrameRate = "frame-rate",
        /// Whether a column or a row is added so that width and height are even.
        Padding = "padding",
        /// The shape of a pixel (sample aspect ratio).
        SampleAspect = "sample-aspect",
        /// Whether the display matrix is kept, which makes players turn the picture.
        Rotation = "rotation",
        /// How timestamps get from the source to the result.
        Timestamps = "timestamps",
        /// For how long the last picture is held.
        LastPicture = "last-picture",
        /// Which container the result gets.
        Container = "container",
        /// Whether the index of an MP4 is put in front of its media data.
        Faststart = "faststart",
        /// How MP4 stores the file's tags.
        Tags = "tags",
        /// How many chapters are copied.
        Chapters = "chapters",
        /// What `mkvpropedit` writes into the result's headers because ffmpeg can't.
        Headers = "headers",
        /// EIA-608/708 captions inside the source's video bitstream, which are lost.
        ClosedCaptions = "closed-captions",
        /// Statistics tags of an encoded or converted stream, which are removed because they are no longer true.
        StatisticsTags = "statistics-tags",
        /// What happens to one stream: it is encoded, copied, converted or dropped.
        Stream = "stream",
        /// Whether one stream becomes the default stream of its type.
        DefaultFlag = "default-flag",
    }
}
