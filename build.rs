//! The demo library is part of the binary; without this, a skill added to it would not be noticed.

fn main() {
    println!("cargo:rerun-if-changed=assets/library");
}
