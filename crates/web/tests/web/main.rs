//! The whole of `web` over a whole house in one process: no wall clock, sockets only where
//! the bounds of connections are the matter, and a file only where several engines share it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "the helpers of tests may fail as loudly as the tests themselves"
)]

mod agreements;
mod api;
mod bad_input;
mod bounds;
mod certificates;
mod channels;
mod diagnoses;
mod entering;
mod evidence;
mod feed;
mod forgetting;
mod guidance;
mod house;
mod openapi;
mod pages;
mod payments;
mod persons;
mod quotas;
mod receipts;
mod sessions;
mod statements;
mod status;
mod tenancy;
mod told;
mod verifications;
mod webhooks;
