//! What the borrower types on: app, system, device, clock, network.
