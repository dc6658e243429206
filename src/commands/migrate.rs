//! `mingka migrate`: brings the database to this program's version. `serve` does the same at start;
//! this is for those who want to see it happen before.

use std::process::ExitCode;

use super::print_line;
use crate::config::Config;
use crate::database::Database;

/// Migrates the configured database.
pub(crate) fn run(config: &Config) -> Result<ExitCode, String> {
    let database = config.database()?;
    if let Database::Embedded(file) = &database
        && !file.exists()
    {
        return Err(format!(
            "there is no database at {}; `mingka serve` makes one. Check [server] data_dir.",
            file.display()
        ));
    }
    drop(database.open()?);
    print_line(&format!("{database} is at this program's version"));
    Ok(ExitCode::SUCCESS)
}
