//! The commands, one file each. A command knows what is to be done, and `tools` knows with which
//! programs.

pub(crate) mod bench;
pub(crate) mod ci;
mod container;
pub(crate) mod dissector;
mod fuzz;
pub(crate) mod package;
pub(crate) mod run;
pub(crate) mod test;
pub(crate) mod web;
