//! The parts that the fuzz targets share. A target is a few lines in `fuzz_targets/`; the decoders'
//! properties are asserted in `shared/src/fuzzing.rs`, which sees the inside, those of the whole
//! machines here, where nothing but the public face is used.

pub mod end;
pub mod keys;
pub mod program;
pub mod seeds;
pub mod wire;
