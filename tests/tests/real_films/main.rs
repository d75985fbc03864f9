//! Films as they are found in the wild, each with one peculiarity: made by the real ffmpeg, encoded by the whole
//! command, and examined with ffprobe afterwards. A replaced film shows that the product's check found the result to
//! fulfil the plan's contract; the further assertions of these tests use no code of that check.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod carried;
mod color;
mod containers;
mod dynamic_hdr;
mod fields;
mod film;
mod geometry;
mod hdr_numbers;
mod held;
mod hidden;
mod ledger;
mod other_video;
mod preflight;
mod recordings;
mod survey;
mod timestamps;
mod tracks;
