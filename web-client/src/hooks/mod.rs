//! The hooks: they connect the state's wishes with the engine, hold the small effects of components,
//! and give components what they need of the engine, which these do not know.

mod address;
mod attention;
mod draft;
mod effects;
mod key_requests;
mod latest;
mod media;
mod mutations;
mod muted;
mod news;
mod now;
mod opened;
mod recent_emoji;
mod reducible;
mod remembered;
mod renamings;
mod resize;
mod secure_context;
mod settings;
pub mod stamp;
mod store;

pub use crate::engine::memory::Memory;
pub use address::WIDE;
pub use attention::use_attention;
pub use draft::{Draft, IntentState, Place, use_draft, use_intent};
pub use key_requests::KeyRequest;
pub use latest::use_latest;
pub use media::use_media;
pub use mutations::use_mutations;
pub use news::{ask_to_notify, may_notify, use_news};
pub use now::use_now;
pub use opened::use_opened;
pub use recent_emoji::use_recent_emoji;
pub use reducible::Store;
pub use remembered::{Remembered, use_last_name, use_last_server, use_version};
pub use renamings::use_renamings;
pub use resize::use_resize;
pub use secure_context::use_secure_context;
pub use settings::{use_settings, use_settings_shown};
pub use store::use_store;
