//! Every bound of the lab, with its unit and its reason. The scenes are fixed programs, so that none
//! of these is reached: they keep a mistake in a scene from running forever, in a page above all.

/// The most steps of a run. The longest scene has fewer than 40.
pub const STEPS: usize = 256;

/// The most frames that one side of a run reports. The longest conversation has fewer than 20.
pub const FRAMES: usize = 128;

/// The most bytes that the attacker hands over in one piece: a frame of v1 that is too long, with
/// room for what is behind the limit.
pub const PIECE_BYTES: usize = 64 * 1024;

/// The most frames that are on their way at once, of both directions.
pub const IN_TRANSIT: usize = 64;

/// The most private-key operations that an attacker tries on a recording. One takes some
/// milliseconds, and a recording has fewer pieces that are long enough.
pub const KEY_ATTEMPTS: usize = 32;
