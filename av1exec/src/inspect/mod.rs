//! Looks, and changes nothing: whether all is well, and whether a replacement keeps its contract.

pub mod doctor;
pub mod verify;
