//! The whole of `web` over a whole house in one process: no socket, no file, no wall clock.

mod api;
mod bad_input;
mod house;
mod openapi;
mod pages;
