//! `mingka migrate`: brings the database to this program's version. `serve` does the same at start;
//! this is for those who want to see it happen before.

use std::process::ExitCode;

use mingka_store::Store;

use super::print_line;
use crate::config::Config;

/// Migrates the configured database.
pub(crate) fn run(config: &Config) -> Result<ExitCode, String> {
    let file = config.database_file();
    if !file.exists() {
        return Err(format!(
            "there is no database at {}; `mingka serve` makes one. Check [server] data_dir.",
            file.display()
        ));
    }
    Store::open(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    print_line(&format!("{} is at this program's version", file.display()));
    Ok(ExitCode::SUCCESS)
}
