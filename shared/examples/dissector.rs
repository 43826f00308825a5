//! Prints the dissector for Wireshark; `cargo xtask dissector` writes it to `docs/secure-chat.lua`.

fn main() {
    print!("{}", shared::observe::dissector());
}
