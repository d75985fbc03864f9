//! Read-only checks: whether av1d can work on this machine, and whether a result keeps its contract.

pub mod doctor;
pub mod verify;
