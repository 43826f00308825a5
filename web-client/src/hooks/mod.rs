//! The hooks: where the state's wishes meet the engine, and the small effects of components.

mod effects;
mod news;
mod now;
mod resize;
mod store;
mod theme;
mod visible;

pub use news::{ask_to_notify, may_notify, use_news};
pub use now::use_now;
pub use resize::use_resize;
pub use store::{Store, use_store};
pub use theme::{Theme, use_theme};
pub use visible::use_visible;
