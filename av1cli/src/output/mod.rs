//! Output for people, logs and programs.

pub(crate) mod bar;
pub(crate) mod bars;
pub(crate) mod color;
pub(crate) mod console;
pub(crate) mod log;
pub(crate) mod logging;
pub(crate) mod quote;
pub(crate) mod reporter;
pub(crate) mod sink;
pub(crate) mod stream;
