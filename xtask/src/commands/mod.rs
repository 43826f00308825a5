//! One file for each command. A command knows what is to be done; `tools` knows with what.

pub(crate) mod bench;
pub(crate) mod ci;
mod fuzz;
pub(crate) mod run;
pub(crate) mod test;
pub(crate) mod web;
