//! The hooks: they connect the state's wishes with the engine, and hold the small effects of
//! components.

mod effects;
mod news;
mod now;
mod reducible;
mod renamings;
mod resize;
mod store;
mod theme;
mod visible;

pub use news::{ask_to_notify, may_notify, use_news};
pub use now::use_now;
pub use reducible::Store;
pub use renamings::use_renamings;
pub use resize::use_resize;
pub use store::use_store;
pub use theme::{Theme, use_theme};
pub use visible::use_visible;
