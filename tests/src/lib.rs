//! What the end-to-end tests share: real ffmpeg builds, tiny films, a separate library for each test, and an
//! independent check of the results that uses no code of the product.
//!
//! `make test` sets `AV1D_TEST_TOOLS` to the folder with the tools. Without that variable, the tests look in the cache
//! that `make test` fills, then for an ffmpeg on `PATH`. If a tool is missing, a test prints so and passes; with `CI`
//! set, it fails.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::return_self_not_must_use,
    clippy::unnecessary_debug_formatting,
    reason = "only tests call it: they fail by a panic, and show hostile names escaped"
)]

mod disk_image;
mod library;
mod media;
mod processes;
mod random;
mod rights;
mod run;
mod slow_disk;
mod small_disk;
mod stand_in;
mod tools;
mod verify;

pub use disk_image::{FileSystem, Image, Moment, Mounted};
pub use library::{Library, PICTURE, SOUND, copy_folder};
pub use media::{Media, Packet};
pub use processes::{in_group, signal, wait_until, with_argument};
pub use random::random;
pub use rights::{as_a_user, under_rights, wrapped};
pub use run::{Run, Running, av1cli, av1top, built, full_pipe};
pub use rustix::process::Signal;
pub use slow_disk::{Call, SlowDisk};
pub use small_disk::SmallDisk;
pub use stand_in::Script;
pub use tools::{Tools, clips, program, say, skipped};
pub use verify::{Snapshot, leftovers, lost, violations};
