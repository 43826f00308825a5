//! Messages in Markdown: a text becomes a tree of known forms, and the tree becomes elements. No
//! text ever becomes markup by itself: HTML in it is text.

pub mod links;
pub mod tree;

#[cfg(target_arch = "wasm32")]
mod view;

#[cfg(target_arch = "wasm32")]
pub use view::view;
