//! Prints the interface's description: `cargo run -p mingka-web --example openapi > openapi.json`
//! in this folder accepts a change of the interface.

use std::io::{Result, Write};

fn main() -> Result<()> {
    std::io::stdout().write_all(mingka_web::openapi_json().as_bytes())
}
