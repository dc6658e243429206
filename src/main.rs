//! The one binary: command line, configuration, composition. The only place that reads the
//! environment, asks the system for the time, or builds the parts of the house together.

mod cli;
mod commands;
mod compose;
mod config;
mod database;
mod key_file;
mod log;
mod mark;
mod nearest;
mod tables;
mod welcome;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(code) => commands::exit_code(code),
        Err(message) => {
            commands::print_error(&message);
            ExitCode::FAILURE
        }
    }
}
