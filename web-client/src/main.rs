//! The page's entry point. A browser runs it; natively it only says how to build it.
fn main() {
    println!("This program runs in a browser. Build it with `trunk build`.");
}
