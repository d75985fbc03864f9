//! Wraps the operating system: files, names, processes, locks, signals, the machine's load. Nothing here knows about
//! films.

pub mod disk;
pub mod failure;
pub mod folder_name;
pub mod lock;
pub mod machine;
pub mod names;
pub mod new_folder;
pub mod orphan;
pub mod path;
pub mod pause;
pub mod priority;
pub mod process;
pub mod reservation;
pub mod sanitize;
pub mod stop;
pub mod user;
pub mod waits;
